// SPDX-License-Identifier: Apache-2.0
//
// The Toeplitz hash of UDP over IPv4 runs over source address, destination address, source port and
// destination port; input bit i adds the 32 key bits from i on. In a key whose only set bit is 111
// those are zero for all input but bits 80...111, of which 80...95, the destination port, exist. So
// the hash is the destination port with its bits reversed: the port's top bit is the hash's lowest.
//
// A block of 512 ports is the upper 7 bits of a port, which are the lower 7 bits of the hash, which
// a redirection table of 128 rows or more looks at. Smaller tables see the block without its lowest
// bits. IPv6 hashes 256 bits of addresses first and would need another key: it is left to queue 0
// and the hand-over rings.

#include "port_rss.h"

#include <string.h>

#include <rte_ethdev.h>

#include "CFlowABI.h"

enum { KEY_BYTES_MAX = 64, KEY_BIT = 111, BLOCK_BITS = 7, ROWS_MAX = 512 };

static uint8_t key[KEY_BYTES_MAX] = {[KEY_BIT / 8] = 0x80u >> (KEY_BIT % 8)};

_Static_assert(TL_PORT_BLOCK == 65536u >> BLOCK_BITS, "a block is the upper seven bits of a port");

static int is_usable(const struct rte_eth_dev_info *info, uint16_t queue_count)
{
    return queue_count > 1 && (info->flow_type_rss_offloads & RTE_ETH_RSS_NONFRAG_IPV4_UDP) != 0 &&
           info->hash_key_size > KEY_BIT / 8 + 4 && info->hash_key_size <= KEY_BYTES_MAX &&
           info->reta_size >= 2 && info->reta_size <= ROWS_MAX;
}

void tl_port_rss_prepare(struct rte_eth_conf *configuration, const struct rte_eth_dev_info *info,
                         uint16_t queue_count)
{
    if (!is_usable(info, queue_count))
        return;
    configuration->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    configuration->rx_adv_conf.rss_conf.rss_key = key;
    configuration->rx_adv_conf.rss_conf.rss_key_len = info->hash_key_size;
    configuration->rx_adv_conf.rss_conf.rss_hf = RTE_ETH_RSS_NONFRAG_IPV4_UDP;
}

uint16_t tl_port_rss_worker(uint16_t row, uint16_t worker_count)
{
    uint16_t block = 0;
    for (unsigned int bit = 0; bit < BLOCK_BITS; bit++)
        block = (uint16_t)(block << 1 | (row >> bit & 1));
    return block % worker_count;
}

int tl_port_rss_spread(uint16_t port_id, const struct rte_eth_dev_info *info,
                       uint16_t queue_count, uint16_t worker_count)
{
    struct rte_eth_rss_reta_entry64 rows[ROWS_MAX / RTE_ETH_RETA_GROUP_SIZE];
    if (!is_usable(info, queue_count))
        return 0;
    memset(rows, 0, sizeof(rows));
    for (uint16_t row = 0; row < info->reta_size; row++) {
        struct rte_eth_rss_reta_entry64 *group = &rows[row / RTE_ETH_RETA_GROUP_SIZE];
        group->mask |= 1ull << (row % RTE_ETH_RETA_GROUP_SIZE);
        group->reta[row % RTE_ETH_RETA_GROUP_SIZE] = tl_port_rss_worker(row, worker_count);
    }
    // Refused: the packets come by the driver's own table, and are steered by rules or handed over.
    return rte_eth_dev_rss_reta_update(port_id, rows, info->reta_size) == 0;
}
