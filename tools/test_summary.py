"""Reads the JUnit file of a ctest run and says what came of it: a skipped test, a test that did not run and no test at all are failures."""

import dataclasses
import xml.etree.ElementTree


@dataclasses.dataclass
class Summary:
    passed: int = 0
    failures: list[str] = dataclasses.field(default_factory=list)  # "name: what happened"
    slowest: list[tuple[float, str]] = dataclasses.field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.passed > 0 and not self.failures

    @property
    def line(self) -> str:
        return f"{self.passed} passed, {len(self.failures)} failed"


def read(path: str, slowest: int = 5) -> Summary:
    """Throws OSError or ParseError when there is no such file or it is broken."""
    summary = Summary()
    times = []
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        name = case.get("name", "?")
        times.append((float(case.get("time", "0")), name))
        skipped = case.find("skipped")
        if skipped is not None or case.get("status") in ("notrun", "disabled"):
            reason = skipped.get("message", "") if skipped is not None else ""
            summary.failures.append(f"{name}: did not run (skipped or disabled) {reason}".rstrip())
        elif case.find("failure") is not None or case.get("status") == "fail":
            summary.failures.append(f"{name}: failed")
        else:
            summary.passed += 1
    if not times:
        summary.failures.append("no test was found")
    summary.slowest = sorted(times, reverse=True)[:slowest]
    return summary
