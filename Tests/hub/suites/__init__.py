# SPDX-License-Identifier: Apache-2.0
"""The scenarios; each import registers its own."""

from . import calls, descriptions, holds  # noqa: F401
