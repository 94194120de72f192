// SPDX-License-Identifier: Apache-2.0
#include <rte_eal.h>
int main(int argc, char **argv)
{
    return rte_eal_init(argc, argv) < 0;
}
