"""The files of the project: what git knows or would add, or everything that is not built where there is no git."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def project_files(root: pathlib.Path = ROOT) -> list[str]:
    """Paths below `root`, sorted, with forward slashes."""
    try:
        out = subprocess.run(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"], check=True,
                             capture_output=True).stdout
        names = [name for name in out.decode("utf-8").split("\0") if name and (root / name).is_file()]
        if names:
            return sorted(names)
    except (OSError, subprocess.CalledProcessError):
        pass
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*")
                  if path.is_file() and not {"build", ".git", "__pycache__"} & set(path.relative_to(root).parts))
