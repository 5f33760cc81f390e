"""Shared by the end-to-end, transcript and interop tests: the binary under test and a server to talk to."""
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))

import kzlib  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "timing: compares durations; not for sanitizer builds")


@pytest.fixture(scope="session")
def kz():
    """Path of the kz binary."""
    path = os.environ.get("KZ", str(kzlib.REPO / "build" / "kz"))
    assert os.access(path, os.X_OK), f"{path} is not there: make"
    return path


@pytest.fixture(scope="module")
def dev(kz, tmp_path_factory):
    """One `kz dev` (ZooKeeper and broker) for all tests of a file."""
    server = kzlib.Dev(kz, tmp_path_factory.mktemp("dev"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def own_dev(kz, tmp_path):
    """A `kz dev` of the test's own, for tests that kill or break it."""
    server = kzlib.Dev(kz, tmp_path)
    server.start()
    yield server
    server.stop()


_topic = 0


@pytest.fixture
def topic(request):
    """A topic name no other test uses."""
    global _topic
    _topic += 1
    return f"t{_topic}-" + "".join(c if c.isalnum() else "-" for c in request.node.name)[:60].strip("-")
