# SPDX-License-Identifier: Apache-2.0
"""The scenarios; each import registers its own."""

from . import (bypass, calls, certificates_and_tls, datacentres, descriptions,  # noqa: F401
               holds, identity, load, migration, options, tenant_transfers, tenants, test_calls,
               timers, transfers)  # noqa: F401
