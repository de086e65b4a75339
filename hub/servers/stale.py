"""What a server's container was made from, as labels: with these host/servers.py finds the servers that are older.

The image's id is in the container already.
"""

import hashlib
import hmac
import json

from hub import paths
from hub.configuration import Configuration
from hub.names import LABELS
from hub.settings.model import SettingsModel, plain, setting_of

SETTINGS_LABEL = f"{LABELS}.settings"
VOLUMES_LABEL = f"{LABELS}.volumes"
FILES = (paths.PROFILES, paths.FOLDERS, paths.SERVERS_CA)


def labels(found: Configuration) -> dict[str, str]:
    """What a container would be made from now: the settings that servers depend on, and the files of FILES.

    A file counts as a whole: a change of one profile or folder makes every server an older one.
    """
    contents = [path.read_text() if path.exists() else "" for path in FILES]
    models = [found.hub, *(overlay.values for overlay in found.overlays)]
    parts = [*map(_of_servers, models), *contents]
    # With a key, because there are tokens in it, which might be short enough to be found by trying.
    key = found.hub.configproxy_auth_token.get_secret_value().encode()
    digest = hmac.new(key, json.dumps(parts, sort_keys=True).encode(), hashlib.sha256)
    return {SETTINGS_LABEL: digest.hexdigest()[:16], VOLUMES_LABEL: found.hub.named_server_volumes}


def _of_servers(model: SettingsModel) -> dict[str, object]:
    """The settings of a group that a user's container depends on."""
    return {name: plain(value) for name, value in model if setting_of(type(model), name).restarts}
