// SPDX-License-Identifier: Apache-2.0
// The contract's own check, built as version three would build it.
#define TL_ABI_VERSION 3u
#define tl_file_check tl_file_check_v3
#define tl_geometry_check tl_geometry_check_v3
#define tl_file_same_geometry tl_file_same_geometry_v3
#include "../../../CShims/CFlowABI/abi_check.c"
