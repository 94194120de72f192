# SPDX-License-Identifier: Apache-2.0
"""The scenarios; each import registers its own."""

from . import bypass, calls, certificates_and_tls, datacentres, descriptions, holds, identity  # noqa: F401
from . import load, options, timers, transfers  # noqa: F401
