"""Put llama-cpp-python into this environment, with a libllama built for this machine.

The release comes as source only, and its own build spends most of its time on parts that are never loaded
here. So the Python part is installed without its build, and the one library it needs (`libllama` with ggml)
is compiled directly from the llama.cpp sources that the same release carries, with a few lines added
(additions.py). The result is kept under `${XDG_CACHE_HOME:-~/.cache}/meshkeeper/llama/<version>-<key>/lib`,
where the key covers everything that may change the binary, and is copied to `llama_cpp/lib` in this
environment, where the package looks by itself.

Run by the environment's own python, which must hold what requirements/run.txt lists.
`CMAKE_ARGS` adds options as in llama-cpp-python's own documentation, for instance `-DGGML_CUDA=ON`.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import additions
from progress import StepFailed, run_quietly, say

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENT = ROOT / "requirements" / "llama.txt"
RECORD = "built-by-meshkeeper.json"

CMAKE_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DBUILD_SHARED_LIBS=ON",
    # Plain file names and a search path relative to the file: the folder can be copied anywhere.
    "-DCMAKE_PLATFORM_NO_VERSIONED_SONAME=ON",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=@loader_path" if sys.platform == "darwin" else "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DLLAMA_BUILD_COMMON=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_TOOLS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_SERVER=OFF",
    "-DLLAMA_BUILD_APP=OFF",
    "-DLLAMA_OPENSSL=OFF",
    "-DGGML_METAL=OFF",
    "-DGGML_NATIVE=ON",
)


def pinned_version() -> str:
    """The release of llama-cpp-python that requirements/llama.txt pins."""
    match = re.search(r"^llama-cpp-python==(\S+)", REQUIREMENT.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise StepFailed(f"{REQUIREMENT} does not pin llama-cpp-python; restore it from the repository.")
    return match[1]


def package_dir() -> Path:
    """Where this environment keeps (or will keep) the package `llama_cpp`."""
    return Path(sysconfig.get_path("platlib")) / "llama_cpp"


def python_part_installed(version: str) -> bool:
    """Whether the Python part of exactly this release is in this environment."""
    info = package_dir().with_name(f"llama_cpp_python-{version}.dist-info")
    return (info / "RECORD").exists() and (package_dir() / "llama_cpp.py").exists()


def cpu() -> str:
    """Model and instruction sets of this machine's processor, as its system names them."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        wanted = re.compile(r"^(model name|flags|Features|CPU part)\s*:\s*(.*)$", re.MULTILINE)
        return "\n".join(sorted({f"{key}={value}" for key, value in wanted.findall(cpuinfo.read_text())}))
    if sys.platform == "darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return platform.processor()


def extra_flags() -> list[str]:
    """What the person who installs adds through CMAKE_ARGS."""
    return shlex.split(os.environ.get("CMAKE_ARGS", ""))


def digest(*parts: object) -> str:
    """A short name for these values together."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]


def machine_key() -> str:
    """What must not change under an installed library: the processor and the kind of system."""
    return digest(cpu(), platform.machine(), sys.platform, platform.libc_ver())


def is_installed(version: str) -> bool:
    """Whether this environment can use llama.cpp as it is: this release, these flags, this processor."""
    try:
        record = json.loads((package_dir() / "lib" / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    same = record["version"] == version and record["machine"] == machine_key()
    same = same and record["flags"] == list(CMAKE_FLAGS)
    same = same and record.get("additions") == digest(*additions.ADDITIONS)
    return same and python_part_installed(version) and record["extra"] == (extra_flags() or record["extra"])


def compiler_version() -> str:
    """Name and version of the C++ compiler cmake will take; StepFailed when there is none."""
    names = [os.environ["CXX"]] if os.environ.get("CXX") else ["c++", "g++", "clang++"]
    for name in names:
        path = shutil.which(shlex.split(name)[0])
        if path:
            run = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
            if run.returncode == 0 and run.stdout:
                return run.stdout.splitlines()[0]
    raise StepFailed(
        "A C++ compiler is needed to build llama.cpp, and none was found.\n"
        "  Debian, Ubuntu: apt-get install g++   Fedora: dnf install gcc-c++   macOS: xcode-select --install"
    )


def cache_dir() -> Path:
    """Where built libraries are kept between clones; made if needed."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(base) / "meshkeeper" / "llama"
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StepFailed(
            f"The cache folder {path} cannot be made ({error.strerror}).\n"
            "  Set XDG_CACHE_HOME to a folder that you may write to, and run the same command again."
        ) from error
    return path


@contextlib.contextmanager
def locked(cache: Path) -> Iterator[None]:
    """Let one installer at a time build in this cache; a second one waits and then finds the result."""
    with (cache / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another installation is building llama.cpp; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pip(label: str, log: Path, *arguments: str | Path, **variables: str) -> None:
    """Run this environment's pip on the pinned, hashed requirement, without letting it build anything big."""
    environment = os.environ | {"PATH": tool_path(), "CMAKE_ARGS": "-DLLAMA_BUILD=OFF"} | variables
    command = [
        sys.executable,
        "-m",
        "pip",
        *arguments,
        "--no-deps",
        "--no-build-isolation",
        "--require-hashes",
    ]
    run_quietly(label, [*command, "--disable-pip-version-check", "-r", REQUIREMENT], log, environment)


def tool_path() -> str:
    """PATH with this environment's programs (cmake, ninja) first."""
    return os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", os.defpath)])


def fetch_release(version: str, folder: Path, log: Path) -> Path:
    """Download the release's source archive; pip checks its hash."""
    pip(f"downloading llama-cpp-python {version} (77 MB)", log, "download", "--no-binary=:all:", "-d", folder)
    return next(folder.glob("llama_cpp_python-*.tar.gz"))


def install_python_part(archive: Path, log: Path) -> None:
    """Install the package without its library, from the archive at hand.

    pip's cache is left out: a wheel without a library must not be found there by somebody else's project.
    """
    options: list[str | Path] = [
        "--no-cache-dir",
        "--no-index",
        "--find-links",
        archive.parent,
        "--force-reinstall",
    ]
    pip("installing its Python part", log, "install", *options, PIP_FIND_LINKS="")


def unpack_sources(archive: Path, work: Path, change: Callable[[Path], None] | None = None) -> Path:
    """Unpack llama.cpp from the release and `change` it; a source folder that is there is complete."""
    sources = work / "llama.cpp"
    if not sources.exists():
        unpacked = work / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)
        with tarfile.open(archive) as tar:
            members = [m for m in tar.getmembers() if "/vendor/llama.cpp/" in m.name]
            # Python before 3.11.4 lacks this filter; the archive's hash is checked in any case.
            if hasattr(tarfile, "data_filter"):
                tar.extractall(unpacked, members, filter="data")
            else:
                tar.extractall(unpacked, members)
        fresh = next(unpacked.glob("*/vendor/llama.cpp"))
        if change is not None:
            change(fresh)
        fresh.rename(sources)
        shutil.rmtree(unpacked)
    return sources


def compile_libraries(archive: Path, work: Path, flags: list[str], log: Path) -> Path:
    """Build target `llama` and give back the folder with the libraries; an interrupted build is resumed."""
    sources, build = unpack_sources(archive, work, additions.add), work / "build"
    environment = os.environ | {"PATH": tool_path(), "NINJA_STATUS": "[%f/%t] "}
    environment |= {"CCACHE_BASEDIR": str(work), "CCACHE_NOHASHDIR": "1"}
    configure: list[str | Path] = ["cmake", "-S", sources, "-B", build, "-G", "Ninja", *flags]
    if shutil.which("ccache"):
        configure += ["-DCMAKE_C_COMPILER_LAUNCHER=ccache", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"]
    cmake = shutil.which("cmake", path=tool_path())
    if cmake is None:
        raise StepFailed("cmake is missing from this environment; remove .venv and run the same command.")
    run_quietly("preparing the build of libllama", [cmake, *configure[1:]], log, environment)
    label = "building libllama (about two minutes on two cores, once)"
    run_quietly(label, [cmake, "--build", build, "--target", "llama"], log, environment)
    return build / "bin"


def store(built: Path, home: Path, record: dict[str, object]) -> None:
    """Move the libraries into the cache in one step, so that what is there is always whole."""
    suffix = ".dylib" if sys.platform == "darwin" else ".so"
    with tempfile.TemporaryDirectory(dir=home.parent) as temporary:
        fresh = Path(temporary) / home.name
        (fresh / "lib").mkdir(parents=True)
        for library in sorted(built.glob(f"lib*{suffix}")):
            shutil.copy2(library, fresh / "lib" / library.name)
        if not (fresh / "lib" / f"libllama{suffix}").exists():
            raise StepFailed(
                f"The build ended without libllama{suffix} in {built}; remove {built.parent} and try again."
            )
        (fresh / "lib" / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        fresh.rename(home)


def install_libraries(home: Path) -> Path:
    """Copy the cached libraries to where `llama_cpp` loads them from."""
    target = package_dir() / "lib"
    with tempfile.TemporaryDirectory(dir=package_dir()) as temporary:
        fresh = Path(temporary) / "lib"
        shutil.copytree(home / "lib", fresh)
        shutil.rmtree(target, ignore_errors=True)
        fresh.rename(target)
    return target


def install() -> Path:
    """Make `import llama_cpp` work in this environment; do nothing when it already does."""
    version = pinned_version()
    if is_installed(version):
        return package_dir() / "lib"
    cache, compiler, extra = cache_dir(), compiler_version(), extra_flags()
    flags, added = [*CMAKE_FLAGS, *extra], digest(*additions.ADDITIONS)
    name = f"{version}-{digest(machine_key(), compiler, added, *flags)}"
    home, work = cache / name, cache / f"{name}.work"
    record: dict[str, object] = {"version": version, "machine": machine_key(), "compiler": compiler}
    record |= {"flags": list(CMAKE_FLAGS), "extra": extra, "additions": added}
    with locked(cache):
        if not home.exists() or not python_part_installed(version):
            log = work / "build.log"
            archive = fetch_release(version, work / "release", log)
            install_python_part(archive, log)
            if not home.exists():
                store(compile_libraries(archive, work, flags, log), home, record)
        target = install_libraries(home)
        shutil.rmtree(work, ignore_errors=True)
    return target


def main() -> int:
    """Install, or say in a sentence why not."""
    if sys.prefix == sys.base_prefix:
        say("Run this with an environment's python: .venv/bin/python deploy/install/build_llama.py")
        return 2
    try:
        target = install()
    except StepFailed as failure:
        say(str(failure))
        return 1
    except KeyboardInterrupt:
        return 130
    say(f"  llama.cpp is in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
