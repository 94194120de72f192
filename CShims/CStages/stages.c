// SPDX-License-Identifier: Apache-2.0
#include "CStages.h"
extern int tl_stages_empty;
int tl_stages_empty;
