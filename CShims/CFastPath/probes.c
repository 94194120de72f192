// SPDX-License-Identifier: Apache-2.0
#include "probes.h"

#include <errno.h>
#include <string.h>

#include <rte_cycles.h>

#include "io.h"
#include "probe.h"
#include "say.h"

static uint32_t lanes_of(const struct tl_node *node)
{
    return node->options->probe_path != NULL ? node->options->geometry.worker_count : 0;
}

int tl_probes_make(struct tl_node *node)
{
    for (uint32_t i = 0; i < lanes_of(node); i++) {
        struct tl_probe *probe = tl_node_memory(node, sizeof(*probe), i);
        if (probe == NULL) {
            tl_say("no memory for the probe of worker %u", i);
            return TL_EXIT_UNAVAILABLE;
        }
        tl_probe_init(probe, rte_get_tsc_hz(), tl_io_cycles());
        node->lanes[i]->probe = probe;
    }
    return 0;
}

void tl_probes_ask(struct tl_node *node)
{
    if (node->probes_asked)
        return;
    for (uint32_t i = 0; i < lanes_of(node); i++)
        tl_probe_end_period(node->lanes[i]->probe);
    node->probes_asked = lanes_of(node) > 0;
}

static void write_all(const struct tl_node *node, int ended)
{
    struct tl_probe_report reports[TL_WORKERS_MAX];
    for (uint32_t i = 0; i < lanes_of(node); i++) {
        const struct tl_probe *probe = node->lanes[i]->probe;
        reports[i].worker = i;
        reports[i].hertz = probe->hertz;
        reports[i].figures = ended ? probe->figures : tl_probe_collect(probe);
    }
    if (tl_probe_write(node->options->probe_path, reports, lanes_of(node)) < 0)
        tl_say("%s cannot be written: %s", node->options->probe_path, strerror(errno));
}

void tl_probes_turn(struct tl_node *node)
{
    if (!node->probes_asked)
        return;
    for (uint32_t i = 0; i < lanes_of(node); i++)
        if (!tl_probe_period_ended(node->lanes[i]->probe))
            return;
    node->probes_asked = 0;
    write_all(node, 0);
}

void tl_probes_finish(struct tl_node *node)
{
    for (uint32_t i = 0; i < lanes_of(node); i++)
        if (node->lanes[i] == NULL || node->lanes[i]->probe == NULL)
            return; // the start failed
    if (lanes_of(node) > 0)
        write_all(node, 1);
}
