"""Property tests are never judged by how long an example takes on a busy machine."""

from hypothesis import settings

settings.register_profile("joulecast", deadline=None)
settings.load_profile("joulecast")
