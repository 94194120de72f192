// SPDX-License-Identifier: Apache-2.0
// The contract's own check, built as version six would build it.
#define TL_ABI_VERSION 6u
#define tl_file_check tl_file_check_v6
#define tl_geometry_check tl_geometry_check_v6
#define tl_file_same_geometry tl_file_same_geometry_v6
#include "../../../CShims/CFlowABI/abi_check.c"
