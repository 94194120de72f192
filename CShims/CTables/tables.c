// SPDX-License-Identifier: Apache-2.0
#include "CTables.h"
extern int tl_tables_empty;
int tl_tables_empty;
