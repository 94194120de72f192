// SPDX-License-Identifier: Apache-2.0
// The contract's own check, built as version four would build it.
#define TL_ABI_VERSION 4u
#define tl_file_check tl_file_check_v4
#define tl_geometry_check tl_geometry_check_v4
#define tl_file_same_geometry tl_file_same_geometry_v4
#include "../../../CShims/CFlowABI/abi_check.c"
