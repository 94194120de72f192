// SPDX-License-Identifier: Apache-2.0
//
// Sends SIP datagrams from made-up addresses, so many a second and for so long:
//
//   flooder DEVICE MAC FIRST_SOURCE SOURCES SOURCE_PORT TARGET TARGET_PORT RATE SECONDS FILE...
//
// They leave by the device, for the station with that MAC, past everything else. The files
// are sent in turn; "########" in one becomes a number that no other message has. With SOURCE_PORT
// 0 each message comes from another port. Prints {"sent": n, "refused": n, "seconds": s}: what the
// kernel took, and what it did not.

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    FILES = 32,
    BATCH = 64,
    BYTES = 1514,
    LINK = sizeof(struct ether_header),
    HEAD = LINK + sizeof(struct iphdr) + sizeof(struct udphdr),
};

struct text {
    uint8_t bytes[BYTES - HEAD];
    size_t length;
    size_t marks[8];
    size_t mark_count;
};

static struct text texts[FILES];
static uint8_t packets[BATCH][BYTES];

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static int load(struct text *text, const char *path) {
    static const char mark[] = "########";
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return -1;
    }
    text->length = fread(text->bytes, 1, sizeof(text->bytes), file);
    fclose(file);
    for (size_t at = 0; at + 8 <= text->length; at++) {
        if (memcmp(text->bytes + at, mark, 8) == 0 && text->mark_count < 8) {
            text->marks[text->mark_count++] = at;
        }
    }
    return text->length > 0 ? 0 : -1;
}

static uint16_t checksum(const struct iphdr *ip) {
    uint16_t words[sizeof(*ip) / 2];
    uint32_t sum = 0;
    memcpy(words, ip, sizeof(words));
    for (size_t i = 0; i < sizeof(words) / 2; i++) {
        sum += words[i];
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~(sum + (sum >> 16));
}

static size_t fill(uint8_t *packet, const struct ether_header *link, const struct text *text,
                   uint32_t source, uint16_t source_port, const struct sockaddr_in *target,
                   uint64_t number) {
    static const char hex[] = "0123456789abcdef";
    char digits[8];
    struct iphdr ip = {
        .version = 4,
        .ihl = 5,
        .tot_len = htons((uint16_t)(HEAD - LINK + text->length)),
        .ttl = 64,
        .protocol = IPPROTO_UDP,
        .saddr = htonl(source),
        .daddr = target->sin_addr.s_addr,
    };
    struct udphdr udp = {
        .source = htons(source_port),
        .dest = target->sin_port,
        .len = htons((uint16_t)(sizeof(struct udphdr) + text->length)), // checksum 0: none
    };
    ip.check = checksum(&ip);
    memcpy(packet, link, LINK);
    memcpy(packet + LINK, &ip, sizeof(ip));
    memcpy(packet + LINK + sizeof(ip), &udp, sizeof(udp));
    memcpy(packet + HEAD, text->bytes, text->length);
    for (int i = 0; i < 8; i++) {
        digits[i] = hex[number >> (28 - 4 * i) & 15];
    }
    for (size_t i = 0; i < text->mark_count; i++) {
        memcpy(packet + HEAD + text->marks[i], digits, 8);
    }
    return HEAD + text->length;
}

int main(int count, char **words) {
    struct sockaddr_in target = {.sin_family = AF_INET};
    struct mmsghdr messages[BATCH];
    struct iovec views[BATCH];
    struct in_addr first;
    uint64_t sent = 0;
    uint64_t refused = 0;
    struct ether_header link = {.ether_type = htons(ETHERTYPE_IP)};
    unsigned mac[ETHER_ADDR_LEN];
    if (count < 11 || count - 10 > FILES ||
        sscanf(words[2], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
               &mac[5]) != ETHER_ADDR_LEN ||
        inet_pton(AF_INET, words[3], &first) != 1 ||
        inet_pton(AF_INET, words[6], &target.sin_addr) != 1) {
        fputs("flooder DEVICE MAC FIRST_SOURCE SOURCES SOURCE_PORT TARGET PORT RATE SECONDS "
              "FILE...\n",
              stderr);
        return 2;
    }
    for (size_t i = 0; i < ETHER_ADDR_LEN; i++) {
        link.ether_dhost[i] = (uint8_t)mac[i];
    }
    link.ether_shost[0] = 2; // a local address
    struct sockaddr_ll device = {.sll_family = AF_PACKET,
                                 .sll_protocol = htons(ETHERTYPE_IP),
                                 .sll_ifindex = (int)if_nametoindex(words[1])};
    words += 2;
    uint32_t sources = (uint32_t)strtoul(words[2], NULL, 10);
    uint16_t source_port = (uint16_t)strtoul(words[3], NULL, 10);
    target.sin_port = htons((uint16_t)strtoul(words[5], NULL, 10));
    double rate = strtod(words[6], NULL);
    double seconds = strtod(words[7], NULL);
    size_t files = (size_t)count - 10;
    for (size_t i = 0; i < files; i++) {
        if (load(&texts[i], words[8 + i]) != 0) {
            fprintf(stderr, "flooder: cannot read %s\n", words[8 + i]);
            return 1;
        }
    }
    int raw = socket(AF_PACKET, SOCK_RAW, 0);
    if (raw < 0 || sources == 0 || bind(raw, (struct sockaddr *)&device, sizeof(device)) != 0) {
        fprintf(stderr, "flooder: raw socket: %s\n", strerror(errno));
        return 1;
    }
    int room = 1 << 22;
    int past_queues = 1;
    setsockopt(raw, SOL_PACKET, PACKET_QDISC_BYPASS, &past_queues, sizeof(past_queues));
    setsockopt(raw, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    double start = now();
    double past = 0;
    while ((past = now() - start) < seconds) {
        double due = past * rate - (double)(sent + refused);
        if (due < (double)BATCH) {
            struct timespec pause = {.tv_nsec = 200000};
            nanosleep(&pause, NULL);
            continue;
        }
        for (size_t i = 0; i < BATCH; i++) {
            uint64_t number = sent + refused + i;
            uint32_t source = ntohl(first.s_addr) + (uint32_t)((number * 2654435761U) % sources);
            uint16_t port =
                source_port != 0 ? source_port : (uint16_t)(1024 + number * 40503U % 60000);
            views[i] = (struct iovec){
                .iov_base = packets[i],
                .iov_len =
                    fill(packets[i], &link, &texts[number % files], source, port, &target, number),
            };
            messages[i] = (struct mmsghdr){
                .msg_hdr = {.msg_iov = &views[i], .msg_iovlen = 1},
            };
        }
        int taken = sendmmsg(raw, messages, BATCH, 0);
        sent += taken > 0 ? (uint64_t)taken : 0;
        refused += taken > 0 ? (uint64_t)(BATCH - taken) : BATCH;
    }
    printf("{\"sent\": %llu, \"refused\": %llu, \"seconds\": %.3f}\n", (unsigned long long)sent,
           (unsigned long long)refused, past);
    return 0;
}
