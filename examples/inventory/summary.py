"""Where all branches meet: one sentence and a few numbers for the reports."""

import datetime
import socket

import task

context = task.context()
charts = context["charts"]
headline = (f"{context['packages']} packages with {context['files']} files on {context['system']}; "
            f"{charts['biggest']['bars'][0][0]} is the biggest, {charts['wanted']['bars'][0][0]} the most needed; {context['verdict']}.")
task.change({"headline": headline, "host": socket.gethostname(),
             "written_at": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")})
print(headline)
