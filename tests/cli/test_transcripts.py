"""Transcripts of the command line: each file in transcripts/ is a session. A line `$ COMMAND` runs it in a shell where kz is on
PATH and $B and $Z are the broker's and ZooKeeper's addresses of a fresh `kz dev`; then come its standard output as it is, its
standard error behind `! `, and `= STATUS` (0 when absent). `...` inside a line stands for anything; a line `...` for any lines."""
import pathlib
import re

import pytest

import kzlib

HERE = pathlib.Path(__file__).parent / "transcripts"


def sessions(path):
    steps = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("# ") or (not line and not steps):
            continue
        if line.startswith("$ "):
            steps.append({"line": number, "command": line[2:], "out": [], "err": [], "status": 0})
        elif line.startswith("! "):
            steps[-1]["err"].append(line[2:])
        elif line.startswith("= "):
            steps[-1]["status"] = int(line[2:])
        else:
            steps[-1]["out"].append(line)
    return steps


def pattern(lines):
    parts = []
    for line in lines:
        if line == "...":
            parts.append("(?:.*\n)*?")
        else:
            parts.append(".*?".join(re.escape(p) for p in line.split("...")) + "\n")
    return re.compile("".join(parts))


@pytest.mark.parametrize("path", sorted(HERE.glob("*.txt")), ids=lambda p: p.stem)
def test_transcript(dev, path, tmp_path):
    (tmp_path / "kz").symlink_to(dev.kz)
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "B": dev.bootstrap, "Z": dev.zookeeper, "T": str(tmp_path), "HOME": str(tmp_path)}
    steps = sessions(path)
    assert steps
    for step in steps:
        p = kzlib.run("bash", "-c", step["command"], env=env, cwd=tmp_path)
        out, err = p.stdout, kzlib.strip_timestamps(p.stderr)
        where = f"{path.name}:{step['line']}: {step['command']}\n--- stdout\n{out}--- stderr\n{err}--- exit {p.returncode}"
        assert p.returncode == step["status"], where
        assert pattern(step["out"]).fullmatch(out), where
        assert pattern(step["err"]).fullmatch(err), where


def test_every_command_explains_itself(kz):
    names = [line.split()[0] for line in kzlib.run(kz, "help", "--names", check=0).stdout.splitlines()]
    assert "topics" in names
    for name in names:
        p = kzlib.run(kz, "help", name, check=0)
        assert p.stdout.startswith(f"kz {name} - ") and "Usage:" in p.stdout and p.stderr == ""


def test_every_alias_reaches_its_command(kz, tmp_path):
    for line in kzlib.run(kz, "help", "--names", check=0).stdout.splitlines():
        name, *aliases = line.split()
        for alias in aliases:
            link = tmp_path / alias
            link.symlink_to(kz)
            p = kzlib.run(kz, "help", alias, check=0)
            assert p.stdout.startswith(f"kz {name} - ")
