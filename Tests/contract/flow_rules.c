// SPDX-License-Identifier: Apache-2.0
//
// Loaded before DPDK (LD_PRELOAD): a NIC that takes rules. Each call becomes a line of the file
// that $FLOW_RULES names:
//   ask|make PORT IP FIRST MASK QUEUE      IP is the number of the item's type

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// As far as they are looked at; what DPDK 22.11 lays out (rte_flow.h).
struct item {
    int type;
    const void *spec, *last, *mask;
};
struct action {
    int type;
    const void *configuration;
};

static uint16_t port_of(const uint8_t *udp) // destination port, network order
{
    return (uint16_t)(udp[2] << 8 | udp[3]);
}

static void note(const char *what, uint16_t port, const struct item *items,
                 const struct action *actions)
{
    FILE *file = fopen(getenv("FLOW_RULES"), "ae");
    if (file == NULL)
        abort();
    fprintf(file, "%s %u %d %u %u %u\n", what, port, items[1].type, port_of(items[2].spec),
            port_of(items[2].mask), *(const uint16_t *)actions[0].configuration);
    fclose(file);
}

int rte_flow_validate(uint16_t port, const void *attributes, const struct item *items,
                      const struct action *actions, void *error)
{
    (void)attributes, (void)error;
    note("ask", port, items, actions);
    return 0;
}

void *rte_flow_create(uint16_t port, const void *attributes, const struct item *items,
                      const struct action *actions, void *error)
{
    static int rule;
    (void)attributes, (void)error;
    note("make", port, items, actions);
    return &rule;
}
