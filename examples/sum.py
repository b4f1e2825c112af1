import json
import os
import sys

context = json.load(sys.stdin)
with open(os.environ["CLOACINA_OUTPUT"], "w") as output:
    json.dump({"total": sum(context["orders"])}, output)
