// SPDX-License-Identifier: Apache-2.0
// Telephone-events as they come (RFC 4733 section 2.5.2). The present event is followed packet by
// packet; those before it are known by name, so that what of them comes late begins nothing.
//
// No field is believed alone: an end packet may be lost, so that the next event, or silence, ends
// one too; the marker may be missing, so that any packet begins one; a duration may wrap in its 16
// bits, or be nonsense, and is cut at the limit.
#include "CDTMF.h"
#include "CFlowABI.h"

#define END_BIT     0x80u
#define VOLUME_MASK 0x3fu

#define NANOSECONDS 1000000000ull

#define DURATION_MAX 0xffffu // of a segment, as the field has it
#define SEGMENT_LONG 0x8000u // shorter ones than this nobody cuts
#define SEGMENT_LOST_MS 100u // of packets that may be missing between two segments

enum {
    IDLE,   // no event, or one whose end packet came
    ACTIVE, // one has begun
    OVER,   // one was ended here, by silence or at the limit, and may go on over there
};

/// One event of a packet.
struct block {
    uint32_t timestamp;
    uint32_t duration;
    uint8_t event;
    uint8_t end;
    uint8_t volume;
};

static struct block block_read(const uint8_t *at, uint32_t timestamp)
{
    return (struct block){
        .timestamp = timestamp,
        .duration = (uint32_t)at[2] << 8 | at[3],
        .event = at[0],
        .end = (at[1] & END_BIT) != 0,
        .volume = at[1] & VOLUME_MASK,
    };
}

static uint32_t to_ms(uint64_t units, uint32_t clock_hz)
{
    uint64_t ms = units * 1000 / clock_hz;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

static uint32_t total_ms(const struct tl_event_receiver *receiver)
{
    return to_ms((uint64_t)receiver->before + receiver->duration, receiver->clock_hz);
}

static void change_put(const struct tl_event_receiver *receiver, uint8_t kind, uint32_t limit_ms,
                       struct tl_digit_change *change)
{
    uint32_t duration_ms = total_ms(receiver);
    *change = (struct tl_digit_change){
        .kind = kind,
        .event = receiver->event,
        .volume = receiver->volume,
        .duration_ms = duration_ms < limit_ms ? duration_ms : limit_ms,
        .started_ns = receiver->started_ns,
    };
}

// Names of what is over ---------------------------------------------------------------------------

static void recent_put(struct tl_event_receiver *receiver, uint32_t ssrc, uint32_t timestamp,
                       uint8_t event, uint64_t now_ns)
{
    receiver->named_ns = now_ns;
    receiver->recent[receiver->recent_next] = (struct tl_event_name){ssrc, timestamp, event};
    receiver->recent_next = (receiver->recent_next + 1) % TL_EVENT_RECENT;
    if (receiver->recent_count < TL_EVENT_RECENT)
        receiver->recent_count++;
}

// Is it a late or repeated packet of an event that is over? One that is older than all names of its
// stream, with no room left for one more, had its name here once. But a name is good for a while
// alone: a clock may step back, or come round.
static int is_recent(const struct tl_event_receiver *receiver, uint32_t ssrc,
                     const struct block *block, uint64_t now_ns)
{
    uint32_t newer = 0;
    if (now_ns > receiver->named_ns + TL_EVENT_RECENT_MS * TL_DIGIT_MS_NS)
        return 0;
    for (uint32_t i = 0; i < receiver->recent_count; i++) {
        const struct tl_event_name *name = &receiver->recent[i];
        if (name->ssrc != ssrc)
            continue;
        if (name->timestamp == block->timestamp && name->event == block->event)
            return 1;
        newer += (int32_t)(name->timestamp - block->timestamp) > 0;
    }
    return newer == TL_EVENT_RECENT;
}

// The present event -------------------------------------------------------------------------------

// One that was ended here has its name already.
static void present_name(struct tl_event_receiver *receiver, uint64_t now_ns)
{
    const struct block block = {.timestamp = receiver->timestamp, .event = receiver->event};
    if (!is_recent(receiver, receiver->ssrc, &block, now_ns))
        recent_put(receiver, receiver->ssrc, receiver->timestamp, receiver->event, now_ns);
}

static int is_present(const struct tl_event_receiver *receiver, uint32_t ssrc,
                      const struct block *block)
{
    return receiver->state != IDLE && receiver->ssrc == ssrc &&
           receiver->timestamp == block->timestamp && receiver->event == block->event;
}

// Does it go on with the present event, as its next segment (section 2.5.1.3)? That begins where
// the one before ended: at the end of what its field can say, or where its last packet said. When
// that was lost it may be a little later.
static int is_next_segment(const struct tl_event_receiver *receiver,
                           const struct tl_event_arrival *arrival, const struct block *block)
{
    if (receiver->state == IDLE || arrival->marker || receiver->ssrc != arrival->ssrc ||
        receiver->event != block->event)
        return 0;
    uint32_t length = block->timestamp - receiver->timestamp;
    if (length == DURATION_MAX || (length == receiver->duration && length != 0))
        return 1;
    uint32_t lost = length - receiver->duration;
    return receiver->duration >= SEGMENT_LONG && length <= DURATION_MAX + 1 &&
           lost <= SEGMENT_LOST_MS * receiver->clock_hz / 1000;
}

static uint32_t convert(uint32_t units, uint32_t from_hz, uint32_t to_hz)
{
    uint64_t converted = (uint64_t)units * to_hz / from_hz;
    return converted > UINT32_MAX ? UINT32_MAX : (uint32_t)converted;
}

// A duration of 16 bits that wraps in one segment goes on; a lower one is a packet that came late.
static void duration_take(struct tl_event_receiver *receiver, uint32_t clock_hz,
                          const struct block *block)
{
    if (receiver->clock_hz != clock_hz) { // another payload type, and what it counts in
        receiver->duration = convert(receiver->duration, receiver->clock_hz, clock_hz);
        receiver->before = convert(receiver->before, receiver->clock_hz, clock_hz);
        receiver->clock_hz = clock_hz;
    }
    uint16_t ahead = (uint16_t)(block->duration - receiver->duration);
    if (ahead < SEGMENT_LONG && receiver->duration <= UINT32_MAX - ahead)
        receiver->duration += ahead;
}

static void present_over(struct tl_event_receiver *receiver, uint8_t state, uint32_t limit_ms,
                         uint64_t now_ns, struct tl_digit_change *changes, uint32_t *count)
{
    if (receiver->state == ACTIVE)
        change_put(receiver, TL_DIGIT_ENDED, limit_ms, &changes[(*count)++]);
    if (receiver->state != IDLE)
        present_name(receiver, now_ns);
    receiver->state = state;
}

static int is_too_long(const struct tl_event_receiver *receiver, uint64_t now_ns,
                       uint32_t limit_ms)
{
    return total_ms(receiver) >= limit_ms ||
           now_ns >= receiver->started_ns + limit_ms * TL_DIGIT_MS_NS;
}

// One more packet of the present event.
static void present_take(struct tl_event_receiver *receiver,
                         const struct tl_event_arrival *arrival, const struct block *block,
                         struct tl_digit_change *changes, uint32_t *count)
{
    duration_take(receiver, arrival->clock_hz, block);
    receiver->heard_ns = arrival->now_ns;
    receiver->volume = block->volume;
    if (block->end)
        present_over(receiver, IDLE, arrival->limit_ms, arrival->now_ns, changes, count);
    else if (receiver->state == ACTIVE && is_too_long(receiver, arrival->now_ns, arrival->limit_ms))
        present_over(receiver, OVER, arrival->limit_ms, arrival->now_ns, changes, count);
}

static void segment_take(struct tl_event_receiver *receiver,
                         const struct tl_event_arrival *arrival, const struct block *block,
                         struct tl_digit_change *changes, uint32_t *count)
{
    present_name(receiver, arrival->now_ns);
    uint32_t length = block->timestamp - receiver->timestamp;
    if (receiver->before <= UINT32_MAX - length)
        receiver->before += length;
    receiver->timestamp = block->timestamp;
    receiver->duration = 0;
    duration_take(receiver, arrival->clock_hz, block);
    receiver->duration = block->duration;
    present_take(receiver, arrival, block, changes, count);
}

// New events --------------------------------------------------------------------------------------

static int afford(struct tl_event_receiver *receiver, uint64_t now_ns)
{
    const uint64_t each = NANOSECONDS / TL_EVENT_PER_SECOND;
    uint64_t until = receiver->flood_until_ns > now_ns ? receiver->flood_until_ns : now_ns;
    if (until + each > now_ns + TL_EVENT_BURST * each)
        return 0;
    receiver->flood_until_ns = until + each;
    return 1;
}

// When the event began: by its own account, as far as that is sane.
static uint64_t start_of(const struct tl_event_arrival *arrival, const struct block *block)
{
    uint64_t ms = to_ms(block->duration, arrival->clock_hz);
    uint64_t before_ns = (ms < arrival->limit_ms ? ms : arrival->limit_ms) * TL_DIGIT_MS_NS;
    return arrival->now_ns > before_ns ? arrival->now_ns - before_ns : 0;
}

// An event of which everything but this came before, or never: begun and over at once, while the
// present one, which began later, goes on.
static void past_take(struct tl_event_receiver *receiver, const struct tl_event_arrival *arrival,
                      const struct block *block, struct tl_digit_change *changes, uint32_t *count)
{
    struct tl_event_receiver past = {
        .started_ns = start_of(arrival, block),
        .duration = block->duration,
        .clock_hz = arrival->clock_hz,
        .event = block->event,
        .volume = block->volume,
    };
    change_put(&past, TL_DIGIT_BEGAN, arrival->limit_ms, &changes[(*count)++]);
    change_put(&past, TL_DIGIT_ENDED, arrival->limit_ms, &changes[(*count)++]);
    recent_put(receiver, arrival->ssrc, block->timestamp, block->event, arrival->now_ns);
}

static void new_take(struct tl_event_receiver *receiver, const struct tl_event_arrival *arrival,
                     const struct block *block, struct tl_digit_change *changes, uint32_t *count)
{
    // Its end was lost.
    present_over(receiver, IDLE, arrival->limit_ms, arrival->now_ns, changes, count);
    receiver->started_ns = start_of(arrival, block);
    receiver->ssrc = arrival->ssrc;
    receiver->timestamp = block->timestamp;
    receiver->duration = block->duration;
    receiver->before = 0;
    receiver->clock_hz = arrival->clock_hz;
    receiver->event = block->event;
    receiver->volume = block->volume;
    receiver->state = ACTIVE;
    change_put(receiver, TL_DIGIT_BEGAN, arrival->limit_ms, &changes[(*count)++]);
    present_take(receiver, arrival, block, changes, count);
}

static uint32_t block_take(struct tl_event_receiver *receiver,
                           const struct tl_event_arrival *arrival, const struct block *block,
                           struct tl_digit_change *changes, uint32_t *count)
{
    if (block->event > TL_DTMF_EVENT_MAX)
        return TL_EVENT_OTHER;
    if (is_present(receiver, arrival->ssrc, block)) {
        present_take(receiver, arrival, block, changes, count);
    } else if (is_recent(receiver, arrival->ssrc, block, arrival->now_ns)) {
        return TL_EVENT_GOOD;
    } else if (is_next_segment(receiver, arrival, block)) {
        segment_take(receiver, arrival, block, changes, count);
    } else if (!afford(receiver, arrival->now_ns)) {
        return TL_EVENT_FLOOD;
    } else if (receiver->state == ACTIVE && receiver->ssrc == arrival->ssrc &&
               (int32_t)(block->timestamp - receiver->timestamp) < 0) {
        past_take(receiver, arrival, block, changes, count);
    } else {
        new_take(receiver, arrival, block, changes, count);
    }
    return TL_EVENT_GOOD;
}

TL_DTMF_CODE uint32_t tl_event_receive(struct tl_event_receiver *receiver,
                                       const struct tl_event_arrival *arrival,
                                       struct tl_digit_change *changes, uint32_t *change_count)
{
    *change_count = 0;
    if (arrival->length < TL_EVENT_BYTES)
        return TL_EVENT_SHORT;
    struct block block = block_read(arrival->payload, arrival->timestamp);
    uint32_t result = block_take(receiver, arrival, &block, changes, change_count);
    // Another event follows in the packet only where this one ended; what else stands there is
    // nobody's digit.
    for (uint32_t i = 1; result == TL_EVENT_GOOD && block.end &&
                         (i + 1) * TL_EVENT_BYTES <= arrival->length;
         i++) {
        block = block_read(arrival->payload + i * TL_EVENT_BYTES,
                           block.timestamp + block.duration);
        if (block.duration == 0)
            break;
        uint32_t further = i < TL_EVENT_BLOCKS_MAX
            ? block_take(receiver, arrival, &block, changes, change_count)
            : TL_EVENT_FLOOD;
        receiver->left_out += further == TL_EVENT_FLOOD;
    }
    return result;
}

TL_DTMF_CODE uint64_t tl_event_due(const struct tl_event_receiver *receiver)
{
    return receiver->state == ACTIVE ? receiver->heard_ns + TL_EVENT_SILENCE_MS * TL_DIGIT_MS_NS
                                     : UINT64_MAX;
}

TL_DTMF_CODE int tl_event_silence(struct tl_event_receiver *receiver, uint64_t now_ns,
                                  struct tl_digit_change *change)
{
    uint32_t count = 0;
    if (tl_event_due(receiver) <= now_ns)
        present_over(receiver, OVER, UINT32_MAX, now_ns, change, &count);
    return (int)count;
}

TL_DTMF_CODE void tl_event_forget(struct tl_event_receiver *receiver)
{
    receiver->recent_count = 0;
    receiver->recent_next = 0;
}

TL_DTMF_CODE int tl_event_stop(struct tl_event_receiver *receiver, struct tl_digit_change *change)
{
    uint32_t count = 0;
    present_over(receiver, OVER, UINT32_MAX, receiver->heard_ns, change, &count);
    return (int)count;
}

TL_DTMF_CODE void tl_event_write(uint8_t payload[TL_EVENT_BYTES], uint8_t event, int end,
                                 uint8_t volume, uint32_t duration)
{
    uint32_t told = duration < DURATION_MAX ? duration : DURATION_MAX;
    payload[0] = event;
    payload[1] = (uint8_t)((end ? END_BIT : 0) | (volume & VOLUME_MASK));
    payload[2] = (uint8_t)(told >> 8);
    payload[3] = (uint8_t)told;
}
