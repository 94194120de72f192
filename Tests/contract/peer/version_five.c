// SPDX-License-Identifier: Apache-2.0
// The contract's own check, built as version five would build it.
#define TL_ABI_VERSION 5u
#define tl_file_check tl_file_check_v5
#define tl_geometry_check tl_geometry_check_v5
#define tl_file_same_geometry tl_file_same_geometry_v5
#include "../../../CShims/CFlowABI/abi_check.c"
