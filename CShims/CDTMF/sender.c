// SPDX-License-Identifier: Apache-2.0
// One packet at a time: what its place in time says.
//
//   event   one every interval while the digit lasts, with what it lasted when that interval is
//           over; three end packets (RFC 4733 section 2.5.1.4), at the interval too unless others
//           wait and the next one's start would be missed: then back to back, and never fewer
//   tone    the audio of one interval each; between two digits silence, so that the stream of audio
//           has no hole
#include "CDTMF.h"

#define SEGMENT_UNITS  0xffffu // that a duration can say
#define SAMPLES_MS     (TL_DTMF_RATE_HZ / 1000)

enum {
    FRESH, // nothing of the queue was sent yet, so that no place in time is missed
    WAITS, // for the first digit of the queue to begin
    DIGIT, // it lasts
    ENDS,  // it is over, end packets are left
};

static struct tl_sender_digit *present(struct tl_sender *sender)
{
    return &sender->queue[sender->first];
}

TL_DTMF_CODE void tl_sender_reset(struct tl_sender *sender)
{
    memset(sender, 0, sizeof(*sender));
    tl_g722_reset(&sender->maker.low);
    sender->due_ns = UINT64_MAX;
}

TL_DTMF_CODE int tl_sender_put(struct tl_sender *sender, const struct tl_sender_digit *digits,
                               uint32_t count, uint64_t now_ns)
{
    if (count > TL_DIGITS_MAX - sender->count)
        return 0;
    if (sender->count == 0 && count != 0) {
        sender->phase = FRESH;
        sender->due_ns = sender->ready_ns > now_ns ? sender->ready_ns : now_ns;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place = (sender->first + sender->count) % TL_DIGITS_MAX;
        sender->queue[place] = digits[i];
        sender->count++;
    }
    return 1;
}

TL_DTMF_CODE void tl_sender_close(struct tl_sender *sender, uint32_t duration_ms)
{
    for (uint32_t i = 0; i < sender->count; i++) {
        struct tl_sender_digit *digit =
            &sender->queue[(sender->first + i) % TL_DIGITS_MAX];
        if (digit->duration_ms == TL_SENDER_OPEN)
            digit->duration_ms =
                duration_ms < TL_SENDER_LEAST_MS ? TL_SENDER_LEAST_MS : duration_ms;
    }
}

static uint64_t interval_ns(const struct tl_flow_dtmf *how)
{
    return how->send_interval_ms * TL_DIGIT_MS_NS;
}

static uint32_t to_units(const struct tl_flow_dtmf *how, uint32_t ms)
{
    return (uint32_t)((uint64_t)ms * how->send_clock_hz / 1000);
}

static uint32_t line_units(struct tl_sender_line line, uint64_t time_ns)
{
    return (uint32_t)(time_ns / 1000 * line.clock_hz / 1000000);
}

// What the digit lasts in all, as far as that is known: never less than was told. One that nobody
// closes ends at the limit.
static uint32_t total_ms(const struct tl_sender *sender, const struct tl_flow_dtmf *how,
                         const struct tl_sender_digit *digit)
{
    uint32_t total = digit->duration_ms;
    if (total == TL_SENDER_OPEN && sender->sent_ms >= how->digit_limit_ms)
        total = sender->sent_ms;
    return total < sender->sent_ms ? sender->sent_ms : total;
}

// The digit in hand was sent. The next begins after its pause; without one, other media goes on.
static void next_digit(struct tl_sender *sender, uint64_t earliest_ns,
                       struct tl_sender_packet *packet)
{
    uint64_t over_ns = sender->began_ns +
                       (sender->sent_ms + present(sender)->pause_ms) * TL_DIGIT_MS_NS;
    sender->ready_ns = over_ns > earliest_ns ? over_ns : earliest_ns;
    sender->first = (uint8_t)((sender->first + 1) % TL_DIGITS_MAX);
    sender->count--;
    sender->phase = WAITS;
    sender->due_ns = sender->count != 0 ? sender->ready_ns : UINT64_MAX;
    packet->idle = sender->count == 0;
    if (packet->idle)
        sender->audio = 0;
}

// Events ------------------------------------------------------------------------------------------

// Would the next digit have to wait for the end packets of this one?
static int is_behind(const struct tl_sender *sender, const struct tl_flow_dtmf *how,
                     const struct tl_sender_digit *digit)
{
    uint64_t next_ns = sender->began_ns + (sender->sent_ms + digit->pause_ms) * TL_DIGIT_MS_NS;
    return sender->count > 1 && sender->due_ns + sender->ends * interval_ns(how) > next_ns;
}

static void put_event(const struct tl_sender *sender, const struct tl_flow_dtmf *how, int end,
                      struct tl_sender_packet *packet)
{
    uint32_t units = to_units(how, sender->sent_ms) - sender->segments;
    tl_event_write(packet->payload, sender->queue[sender->first].event, end, how->send_volume,
                   units);
    packet->length = TL_EVENT_BYTES;
    packet->timestamp = sender->timestamp;
}

static void event_end(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                      struct tl_sender_packet *packet)
{
    put_event(sender, how, 1, packet);
    sender->ends--;
    if (sender->ends == 0)
        next_digit(sender, sender->due_ns, packet);
    else if (!is_behind(sender, how, present(sender)))
        sender->due_ns += interval_ns(how);
}

// Longer than a segment's field can say: this packet says all that it can, and the next segment
// begins where this one ends (section 2.5.1.3).
static void segment_end(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                        struct tl_sender_packet *packet)
{
    tl_event_write(packet->payload, present(sender)->event, 0, how->send_volume, SEGMENT_UNITS);
    packet->length = TL_EVENT_BYTES;
    packet->timestamp = sender->timestamp;
    sender->timestamp += SEGMENT_UNITS;
    sender->segments += SEGMENT_UNITS;
}

static void event_next(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                       struct tl_sender_packet *packet)
{
    struct tl_sender_digit *digit = present(sender);
    uint64_t lasted_ms = (sender->due_ns - sender->began_ns) / TL_DIGIT_MS_NS;
    uint32_t ms = (uint32_t)lasted_ms + how->send_interval_ms;
    uint32_t total = total_ms(sender, how, digit);
    int end = ms >= total;
    if (end)
        ms = total;
    packet->marker = sender->sent_ms == 0;
    if (to_units(how, ms) - sender->segments > SEGMENT_UNITS) {
        // At the same place in time the rest follows.
        segment_end(sender, how, packet);
        return;
    }
    sender->sent_ms = ms;
    if (end) {
        sender->phase = ENDS;
        sender->ends = TL_SENDER_ENDS;
        packet->digit_over = 1;
        event_end(sender, how, packet);
        return;
    }
    put_event(sender, how, 0, packet);
    sender->due_ns += interval_ns(how);
}

// Tones -------------------------------------------------------------------------------------------

static void put_audio(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                      struct tl_sender_packet *packet)
{
    packet->length = how->send_interval_ms * SAMPLES_MS;
    packet->timestamp = sender->line;
    sender->line += packet->length;
    packet->until = sender->line;
    sender->due_ns += interval_ns(how);
}

static void tone_next(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                      struct tl_sender_packet *packet)
{
    struct tl_sender_digit *digit = present(sender);
    uint32_t total = total_ms(sender, how, digit);
    uint32_t last = total == TL_SENDER_OPEN ? UINT32_MAX : total * SAMPLES_MS;
    put_audio(sender, how, packet);
    uint64_t due_ns = sender->due_ns;
    tl_tone_make(&sender->maker, digit->event, how->send_codec, how->send_volume, last,
                 packet->payload, packet->length);
    uint32_t ms = sender->sent_ms + how->send_interval_ms;
    sender->sent_ms = ms < total ? ms : total;
    if (ms >= total) {
        packet->digit_over = 1;
        next_digit(sender, due_ns, packet);
        if (sender->count != 0) // silence until it begins
            sender->due_ns = due_ns;
    }
}

// -------------------------------------------------------------------------------------------------

// Other audio gives way to ours, which takes its place behind the last packet of it: whole
// intervals later, so that no part of one is played twice. A decoder of G.722 that heard another
// coder follows ours after a while only.
static void audio_begin(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                        struct tl_sender_line line)
{
    uint32_t unit = how->send_interval_ms * SAMPLES_MS;
    uint32_t intervals = (line.timestamp - line.last + unit - 1) / unit;
    sender->audio = 1;
    sender->line = line.last + (intervals == 0 && line.is_used ? 1 : intervals) * unit;
    if (how->send_codec == TL_CODEC_G722)
        sender->ready_ns = sender->due_ns + TL_SENDER_FOLLOW_MS * TL_DIGIT_MS_NS;
}

static void digit_begin(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                        struct tl_sender_line line, uint64_t now_ns)
{
    sender->began_ns = sender->due_ns;
    sender->sent_ms = 0;
    sender->segments = 0;
    sender->timestamp = line.timestamp - line_units(line, now_ns - sender->began_ns);
    sender->phase = DIGIT;
    if (how->send == TL_DTMF_SEND_TONES)
        tl_tone_make_start(&sender->maker);
}

TL_DTMF_CODE void tl_sender_next(struct tl_sender *sender, const struct tl_flow_dtmf *how,
                                 struct tl_sender_line line, uint64_t now_ns,
                                 struct tl_sender_packet *packet)
{
    packet->length = 0;
    packet->marker = 0;
    packet->digit_over = 0;
    packet->idle = 0;
    packet->payload_type = how->send_type;
    if (sender->due_ns > now_ns)
        return;
    if (sender->phase == FRESH) { // behind what was sent on the leg until now
        sender->due_ns = now_ns;
        sender->phase = WAITS;
    }
    if (now_ns - sender->due_ns > TL_SENDER_LATE_MS * TL_DIGIT_MS_NS) {
        uint64_t skipped_ms = (now_ns - sender->due_ns) / TL_DIGIT_MS_NS;
        sender->line += (uint32_t)skipped_ms * SAMPLES_MS;
        sender->due_ns += skipped_ms * TL_DIGIT_MS_NS;
    }
    int tones = how->send == TL_DTMF_SEND_TONES;
    if (sender->phase == WAITS && tones && !sender->audio)
        audio_begin(sender, how, line);
    if (sender->phase == WAITS && tones && sender->due_ns < sender->ready_ns) {
        put_audio(sender, how, packet);
        tl_tone_make(&sender->maker, 0, how->send_codec, 0, 0, packet->payload, packet->length);
        return;
    }
    if (sender->phase == WAITS)
        digit_begin(sender, how, line, now_ns);
    if (tones) {
        tone_next(sender, how, packet);
        return;
    }
    if (sender->phase == ENDS)
        event_end(sender, how, packet);
    else
        event_next(sender, how, packet);
    packet->until = sender->timestamp - sender->segments +
                    line_units(line, sender->sent_ms * TL_DIGIT_MS_NS);
}
