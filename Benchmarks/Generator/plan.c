// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"

static const char heading[] = "trunkline-plan 1";

// "192.0.2.1:5004". The address goes through inet_pton, which takes four decimal numbers and no
// more; the port is read by hand, since library functions take signs and spaces.
static int read_endpoint(char *text, struct tl_endpoint *endpoint)
{
    struct in_addr address;
    uint32_t port = 0;
    char *digits = strchr(text, ':');
    if (digits == NULL)
        return -1;
    *digits++ = '\0';
    if (inet_pton(AF_INET, text, &address) != 1 || address.s_addr == 0)
        return -1;
    if (*digits == '\0' || strlen(digits) > 5)
        return -1;
    for (; *digits != '\0'; digits++) {
        if (*digits < '0' || *digits > '9')
            return -1;
        port = port * 10 + (uint32_t)(*digits - '0');
    }
    if (port == 0 || port > 65535)
        return -1;
    *endpoint = (struct tl_endpoint){address.s_addr, htons((uint16_t)port)};
    return 0;
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

// Bytes in hexadecimal. Their number, 0 when it is none.
static uint8_t read_key(const char *text, uint8_t *key)
{
    size_t length = text != NULL ? strlen(text) : 0;
    if (length % 2 != 0 || length > 2 * TL_PLAN_KEY_BYTES)
        return 0;
    for (size_t i = 0; i < length / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return (uint8_t)(length / 2);
}

// Whether the suite has keys of that length is found when they are used.
static int read_keys(char *rest, struct tl_call *call)
{
    const char *suite = strsep(&rest, " ");
    const char *of_b = strsep(&rest, " ");
    const char *of_relay = strsep(&rest, " ");
    if (rest != NULL || of_relay == NULL || suite[0] < '1' || suite[0] > '9' || suite[1] != '\0')
        return -1;
    call->suite = (uint8_t)(suite[0] - '0');
    call->key_bytes = read_key(of_b, call->key_of_b);
    return call->key_bytes != 0 && read_key(of_relay, call->key_of_relay) == call->key_bytes ? 0
                                                                                            : -1;
}

static int read_call(char *line, struct tl_call *call)
{
    struct tl_endpoint *const fields[] = {&call->party[0], &call->relay[0], &call->party[1],
                                          &call->relay[1]};
    char *rest = line;
    *call = (struct tl_call){0};
    for (int i = 0; i < 4; i++) {
        char *part = strsep(&rest, " ");
        if (part == NULL || read_endpoint(part, fields[i]) < 0)
            return -1;
    }
    return rest == NULL ? 0 : read_keys(rest, call);
}

// One line without its newline. Returns 0, 1 at the end of the file, or -1: too long, cut off, or
// with a zero byte in it.
static int read_line(FILE *file, char line[TL_PLAN_LINE_BYTES])
{
    uint32_t length = 0;
    for (;;) {
        int byte = getc_unlocked(file);
        if (byte == EOF && length == 0)
            return 1;
        if (byte == EOF || byte == '\0' || length == TL_PLAN_LINE_BYTES - 1)
            return -1;
        if (byte == '\n')
            break;
        line[length++] = (char)byte;
    }
    line[length] = '\0';
    return 0;
}

static int add_call(struct tl_plan *plan, const struct tl_call *call, uint32_t *room)
{
    if (plan->count == *room) {
        uint32_t wanted = *room == 0 ? 1024 : *room * 2;
        struct tl_call *calls = realloc(plan->calls, wanted * sizeof(*calls));
        if (calls == NULL)
            return -1;
        plan->calls = calls;
        *room = wanted;
    }
    plan->calls[plan->count++] = *call;
    return 0;
}

static int read_calls(struct tl_plan *plan, FILE *file, const char *name, uint32_t most)
{
    char line[TL_PLAN_LINE_BYTES];
    uint32_t room = 0;
    for (uint32_t number = 2; plan->count < most; number++) {
        struct tl_call call;
        int result = read_line(file, line);
        if (result == 1)
            return 0;
        if (result < 0 || read_call(line, &call) < 0) {
            tl_say("%s line %u is not a call; write four ADDRESS:PORT with one space between: "
                   "party A, relay for A, party B, relay for B",
                   name, number);
            return -1;
        }
        if (add_call(plan, &call, &room) < 0) {
            tl_say("no memory for %u calls", plan->count + 1);
            return -1;
        }
    }
    return 0;
}

int tl_plan_read(struct tl_plan *plan, FILE *file, const char *name, uint32_t least,
                 uint32_t most)
{
    char line[TL_PLAN_LINE_BYTES];
    *plan = (struct tl_plan){0};
    if (read_line(file, line) != 0 || strcmp(line, heading) != 0) {
        tl_say("%s is not a plan: its first line must be \"%s\"", name, heading);
        return -1;
    }
    if (read_calls(plan, file, name, most) < 0) {
        tl_plan_free(plan);
        return -1;
    }
    if (plan->count < least) {
        tl_say("%s holds %u calls and %u are needed", name, plan->count, least);
        tl_plan_free(plan);
        return -1;
    }
    return 0;
}

int tl_plan_make(struct tl_plan *plan, uint32_t count)
{
    enum { PORT_FIRST = 16384, PORTS = 24576 }; // even ones, on one relay address after the other
    *plan = (struct tl_plan){.count = count, .calls = calloc(count, sizeof(struct tl_call))};
    if (plan->calls == NULL)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t side = 0; side < 2; side++) {
            uint32_t k = 2 * i + side;
            uint32_t block = k / PORTS;
            uint16_t port = htons((uint16_t)(PORT_FIRST + 2 * (k % PORTS)));
            plan->calls[i].party[side] =
                (struct tl_endpoint){htonl(0xc6130001u + side + 2 * block), port};
            plan->calls[i].relay[side] = (struct tl_endpoint){htonl(0xc6120001u + block), port};
        }
    }
    return 0;
}

void tl_plan_free(struct tl_plan *plan)
{
    free(plan->calls);
    *plan = (struct tl_plan){0};
}
