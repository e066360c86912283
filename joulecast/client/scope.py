"""Which GPUs an interval pays for, read from the environment as CUDA reads it."""

from collections.abc import Iterable, Mapping


def visible_gpus(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """The GPUs this process may use: indices and UUIDs as given, empty for none, None for all of the node's.

    CUDA_VISIBLE_DEVICES ends at its first invalid entry, and "-1" or "NoDevFiles" hide every GPU. Without it, the
    UUIDs a container runtime put into NVIDIA_VISIBLE_DEVICES count: there an index would not be the node's index.
    """
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return _until_invalid(visible.split(","))
    granted = environ.get("NVIDIA_VISIBLE_DEVICES")
    if not granted:
        return None
    if granted in {"none", "void"}:
        return ()
    uuids = tuple(part.strip() for part in granted.split(",") if _is_uuid(part.strip()))
    return uuids or None


def gpus_of(gpus: object, environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """What the caller asked for: None reads the environment, "all" is every GPU, one or several are named.

    >>> gpus_of([0, 1], {}), gpus_of("0,GPU-8f", {}), gpus_of((), {}), gpus_of("all", {"CUDA_VISIBLE_DEVICES": "3"})
    (('0', '1'), ('0', 'GPU-8f'), (), None)
    """
    if gpus is None:
        return visible_gpus(environ)
    if isinstance(gpus, str):
        if gpus == "all":
            return None
        gpus = () if gpus == "none" else gpus.split(",")
    parts: Iterable[object] = gpus if isinstance(gpus, Iterable) else (gpus,)
    return tuple(text for part in parts if (text := str(part).strip()))


def _until_invalid(parts: Iterable[str]) -> tuple[str, ...]:
    seen: list[str] = []
    for part in (part.strip() for part in parts):
        if not (part.isascii() and part.isdigit()) and not _is_uuid(part):
            break
        if part not in seen:
            seen.append(part)
    return tuple(seen)


def _is_uuid(text: str) -> bool:
    return text.startswith(("GPU-", "MIG-"))
