// SPDX-License-Identifier: Apache-2.0
// Contexts of digits come and go, and what becomes of a digit.
#include "CTables.h"

#define VOLUME_MAX   36u // RFC 4733 section 2.5.2.1: softer ones are no DTMF
#define CLOCK_MIN_HZ 8000u
#define CLOCK_MAX_HZ 192000u
#define LOST_BEFORE_MS 500u // of a digit, before the first packet of it that came

// What a command may say -----------------------------------------------------------------------

static int event_type_is_good(const struct tl_flow_dtmf *wanted, uint32_t place)
{
    uint8_t type = wanted->event_types[place].payload_type;
    int good = type <= 127 &&
               tl_between(wanted->event_types[place].clock_hz, CLOCK_MIN_HZ, CLOCK_MAX_HZ);
    for (uint32_t i = 0; i < place; i++)
        good = good && wanted->event_types[i].payload_type != type;
    return good;
}

static int events_are_good(const struct tl_flow_dtmf *wanted)
{
    uint32_t count = 0;
    for (; count < TL_DTMF_EVENT_TYPES_MAX; count++) {
        if (wanted->event_types[count].payload_type == TL_NO_PAYLOAD_TYPE)
            break;
        if (!event_type_is_good(wanted, count))
            return 0;
    }
    return count != 0;
}

static int is_event_type(const struct tl_flow_dtmf *wanted, uint8_t type)
{
    for (uint32_t i = 0; wanted->flags & TL_DTMF_EVENTS && i < TL_DTMF_EVENT_TYPES_MAX; i++) {
        if (wanted->event_types[i].payload_type == TL_NO_PAYLOAD_TYPE)
            break;
        if (wanted->event_types[i].payload_type == type)
            return 1;
    }
    return 0;
}

static int codec_is_good(uint8_t codec)
{
    return codec != 0 && codec < TL_CODECS_MAX;
}

static int tones_are_good(const struct tl_flow_dtmf *wanted)
{
    uint32_t count = 0;
    for (; count < TL_DTMF_AUDIO_TYPES_MAX; count++) {
        uint8_t type = wanted->audio_types[count].payload_type;
        if (type == TL_NO_PAYLOAD_TYPE)
            break;
        if (type > 127 || !codec_is_good(wanted->audio_types[count].codec) ||
            is_event_type(wanted, type))
            return 0;
        for (uint32_t i = 0; i < count; i++)
            if (wanted->audio_types[i].payload_type == type)
                return 0;
    }
    return count != 0;
}

static int sending_is_good(const struct tl_flow_dtmf *wanted)
{
    if (wanted->send == TL_DTMF_SEND_NONE)
        return 1;
    int good = wanted->send <= TL_DTMF_SEND_TONES && wanted->send_type <= 127 &&
               wanted->send_volume <= VOLUME_MAX && tl_between(wanted->send_interval_ms, 10, 100);
    if (wanted->send == TL_DTMF_SEND_EVENTS)
        return good && tl_between(wanted->send_clock_hz, CLOCK_MIN_HZ, CLOCK_MAX_HZ);
    return good && codec_is_good(wanted->send_codec);
}

static int is_good(const struct tl_flow_dtmf *wanted)
{
    const uint32_t silenced = TL_DTMF_TONES | TL_DTMF_TAKE;
    uint32_t flags = wanted->flags;
    return (flags & ~TL_DTMF_FLAGS_ALL) == 0 &&
           tl_between(wanted->digit_limit_ms, 1000, 60000) && sending_is_good(wanted) &&
           (!(flags & TL_DTMF_LOOK_AHEAD) || (flags & silenced) == silenced) &&
           (!(flags & TL_DTMF_EVENTS) || events_are_good(wanted)) &&
           (!(flags & TL_DTMF_TONES) || tones_are_good(wanted));
}

// Contexts ---------------------------------------------------------------------------------------

// Those that were never used come last, so that their memory is not touched before it is needed.
static struct tl_dtmf *context_take(struct tl_worker *worker, uint32_t slot)
{
    uint32_t place = worker->dtmf_free;
    if (place != TL_NO_DTMF)
        worker->dtmf_free = worker->dtmfs[place].next_free;
    else if (worker->dtmf_used < worker->dtmf_count)
        place = worker->dtmf_used++;
    else
        return NULL;
    struct tl_dtmf *dtmf = &worker->dtmfs[place];
    memset(dtmf, 0, sizeof(*dtmf));
    tl_sender_reset(&dtmf->sender);
    worker->tones[slot] = (struct tl_dtmf_tones){.store = &dtmf->store};
    dtmf->former.source_slot = TL_NO_FLOW;
    worker->dtmf_places[slot] = place;
    return dtmf;
}

// What lasts is over.
static void stop(struct tl_worker *worker, uint32_t slot, uint32_t flags, uint64_t now_ns)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    struct tl_digit_change change;
    if (flags & TL_DTMF_EVENTS && tl_event_stop(&dtmf->events, &change))
        tl_dtmf_change(worker, slot, &change, TL_DIGIT_BY_EVENT, now_ns);
    if (flags & TL_DTMF_TONES && tl_tone_silence(&worker->tones[slot].detector, &change))
        tl_dtmf_change(worker, slot, &change, TL_DIGIT_BY_TONE, now_ns);
}

TL_PACKET_CODE void tl_dtmf_discard(struct tl_worker *worker, uint32_t slot)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    uint64_t ready_ns = dtmf->sender.ready_ns;
    worker->counters.digits_lost += dtmf->sender.count;
    tl_sender_reset(&dtmf->sender);
    dtmf->sender.ready_ns = ready_ns; // the pause behind what was sent
    worker->flows[slot].egress.way &= (uint8_t)~TL_WAY_DIGITS;
}

TL_PACKET_CODE void tl_dtmf_drop(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (dtmf == NULL)
        return;
    stop(worker, slot, TL_DTMF_EVENTS | TL_DTMF_TONES, now_ns);
    tl_dtmf_discard(worker, slot);
    worker->counters.digits_lost += dtmf->told_count;
    worker->cold[slot].pending &= ~TL_PENDING_DIGIT;
    worker->cold[slot].digits_due_ns = 0;
    dtmf->next_free = worker->dtmf_free;
    worker->dtmf_free = worker->dtmf_places[slot];
    worker->dtmf_places[slot] = TL_NO_DTMF;
}

static void settings_set(const struct tl_worker *worker, uint32_t slot,
                         const struct tl_flow_dtmf *wanted)
{
    struct tl_dtmf_tones *tones = &worker->tones[slot];
    tl_dtmf_of(worker, slot)->how = *wanted;
    tones->flags = wanted->flags;
    tones->digit_limit_ms = wanted->digit_limit_ms;
    memcpy(tones->audio_types, wanted->audio_types, sizeof(tones->audio_types));
}

static int sends_alike(const struct tl_flow_dtmf *a, const struct tl_flow_dtmf *b)
{
    return a->send == b->send && a->send_type == b->send_type &&
           (a->send != TL_DTMF_SEND_TONES || a->send_codec == b->send_codec) &&
           (a->send != TL_DTMF_SEND_EVENTS || a->send_clock_hz == b->send_clock_hz);
}

TL_PACKET_CODE int32_t tl_dtmf_program(struct tl_worker *worker, uint32_t slot,
                                       const struct tl_flow_dtmf *wanted, uint64_t now_ns)
{
    const struct tl_flow_dtmf nothing = {0};
    int ends = memcmp(wanted, &nothing, sizeof(nothing)) == 0;
    if (!ends && !is_good(wanted))
        return TL_STATUS_BAD_DTMF;
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (ends) {
        tl_dtmf_drop(worker, slot, now_ns);
    } else if (dtmf == NULL) {
        dtmf = context_take(worker, slot);
        if (dtmf == NULL)
            return TL_STATUS_DTMF_FULL;
        settings_set(worker, slot, wanted);
    } else {
        stop(worker, slot, dtmf->how.flags & ~wanted->flags, now_ns);
        if (!sends_alike(&dtmf->how, wanted))
            tl_dtmf_discard(worker, slot);
        settings_set(worker, slot, wanted);
    }
    tl_flow_glance(worker, slot);
    tl_dtmf_schedule(worker, slot, now_ns);
    return TL_STATUS_OK;
}

TL_PACKET_CODE int tl_dtmf_looks(const struct tl_worker *worker, uint32_t slot)
{
    const struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (dtmf == NULL)
        return 0;
    if (is_event_type(&dtmf->how, worker->cold[slot].spec.payload_types[0].ingress))
        return 2;
    return (dtmf->how.flags & TL_DTMF_TONES) != 0;
}

// Digits -----------------------------------------------------------------------------------------

TL_PACKET_CODE int32_t tl_dtmf_digits(struct tl_worker *worker, uint32_t slot,
                                      const struct tl_flow_digits *wanted, uint64_t now_ns)
{
    struct tl_sender_digit digits[TL_DIGITS_MAX];
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (dtmf == NULL || dtmf->how.send == TL_DTMF_SEND_NONE ||
        !tl_between(wanted->count, 1, TL_DIGITS_MAX) ||
        !tl_between(wanted->duration_ms, TL_SENDER_LEAST_MS, 8000) ||
        !tl_between(wanted->pause_ms, TL_SENDER_LEAST_MS, 8000))
        return TL_STATUS_BAD_DTMF;
    uint8_t last = dtmf->how.send == TL_DTMF_SEND_TONES ? 15 : TL_DTMF_EVENT_MAX;
    for (uint32_t i = 0; i < wanted->count; i++) {
        if (wanted->events[i] > last)
            return TL_STATUS_BAD_DTMF;
        digits[i] = (struct tl_sender_digit){.duration_ms = wanted->duration_ms,
                                             .pause_ms = wanted->pause_ms,
                                             .event = wanted->events[i]};
    }
    if (!tl_sender_put(&dtmf->sender, digits, wanted->count, now_ns))
        return TL_STATUS_DIGITS_FULL;
    tl_dtmf_schedule(worker, slot, now_ns);
    return TL_STATUS_OK;
}

// The context of the peer, if that can send the digit now; NULL: it goes no further.
static struct tl_dtmf *peer_find(const struct tl_worker *worker, uint32_t slot, uint8_t event,
                                 uint32_t *peer)
{
    const struct tl_flow_spec *spec = &worker->cold[slot].spec;
    *peer = spec->peer_index - worker->first_flow; // of none it wraps to something too large
    if (*peer >= worker->flow_count ||
        worker->flows[*peer].egress.generation != spec->peer_generation)
        return NULL;
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, *peer);
    if (dtmf == NULL || dtmf->how.send == TL_DTMF_SEND_NONE ||
        (dtmf->how.send == TL_DTMF_SEND_TONES && event > 15))
        return NULL;
    return dtmf;
}

// The slot of the peer flow that sends the digit now, or TL_NO_FLOW.
static uint32_t pass_on(struct tl_worker *worker, uint32_t slot, uint8_t event,
                        uint32_t duration_ms, uint64_t now_ns)
{
    const struct tl_sender_digit digit = {
        .duration_ms = duration_ms, .pause_ms = TL_SENDER_LEAST_MS, .event = event};
    uint32_t peer;
    struct tl_dtmf *to = peer_find(worker, slot, event, &peer);
    if (to == NULL)
        return TL_NO_FLOW;
    if (!(worker->flows[peer].egress.way & TL_WAY_SEND) ||
        !tl_sender_put(&to->sender, &digit, 1, now_ns)) {
        worker->counters.digits_lost++;
        return TL_NO_FLOW;
    }
    tl_dtmf_schedule(worker, peer, now_ns);
    return peer;
}

// A digit of the flow's party begins. While one is passed on that is not over, another waits until
// it is over itself: it came late, and is known whole at once.
static void passed_begin(struct tl_worker *worker, uint32_t slot, uint8_t event, uint8_t form,
                         uint64_t now_ns)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (dtmf->passed_form != 0)
        return;
    dtmf->passed_form = form;
    dtmf->passed_event = event;
    dtmf->passed_ns = now_ns;
    dtmf->passed_slot = pass_on(worker, slot, event, TL_SENDER_OPEN, now_ns);
    if (dtmf->passed_slot != TL_NO_FLOW)
        dtmf->passed_generation = worker->flows[dtmf->passed_slot].egress.generation;
}

// What a digit lasts where it is passed on: no longer than it was seen to last here, but for what
// may have been lost of its beginning. One packet alone can claim anything.
static uint32_t believed_ms(uint32_t duration_ms, uint64_t seen_ns)
{
    uint64_t most_ms = seen_ns / TL_MILLISECOND_NS + LOST_BEFORE_MS;
    return duration_ms < most_ms ? duration_ms : (uint32_t)most_ms;
}

static void passed_end(struct tl_worker *worker, struct tl_dtmf *dtmf, uint32_t duration_ms)
{
    uint32_t peer = dtmf->passed_slot;
    dtmf->passed_form = 0;
    if (peer == TL_NO_FLOW || worker->flows[peer].egress.generation != dtmf->passed_generation)
        return;
    struct tl_dtmf *to = tl_dtmf_of(worker, peer);
    if (to != NULL)
        tl_sender_close(&to->sender, duration_ms);
}

static void tell(struct tl_worker *worker, uint32_t slot, const struct tl_digit_change *change,
                 uint8_t form)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    if (dtmf->told_count == TL_DTMF_TOLD_MAX) {
        worker->counters.digits_lost++;
        return;
    }
    uint32_t place = (dtmf->told_first + dtmf->told_count) % TL_DTMF_TOLD_MAX;
    dtmf->told[place] = (struct tl_digit){
        .event = change->event,
        .form = form,
        .volume = change->volume,
        .duration_ms = change->duration_ms,
        .started_ns = change->started_ns,
    };
    dtmf->told_count++;
    tl_channel_notify(worker, slot, TL_PENDING_DIGIT);
}

TL_PACKET_CODE struct tl_digit tl_dtmf_tell(struct tl_dtmf *dtmf)
{
    struct tl_digit digit = dtmf->told[dtmf->told_first];
    dtmf->told_first = (uint8_t)((dtmf->told_first + 1) % TL_DTMF_TOLD_MAX);
    dtmf->told_count--;
    return digit;
}

// A party may send both forms of one press, one after the other: a gateway that makes events of
// tones lets some of each through. The first that comes is the digit. A press of each form is one
// with one of the other, so that the same key pressed twice is two.
static int is_double(struct tl_dtmf *dtmf, const struct tl_digit_change *change, uint8_t form)
{
    struct tl_dtmf_press *press = &dtmf->presses[form == TL_DIGIT_BY_TONE];
    struct tl_dtmf_press *other = &dtmf->presses[form != TL_DIGIT_BY_TONE];
    uint32_t after_ms =
        form == TL_DIGIT_BY_TONE ? TL_DTMF_TONE_AFTER_MS : TL_DTMF_EVENT_AFTER_MS;
    if (change->kind == TL_DIGIT_BEGAN) {
        int same = other->event == change->event + 1 && !other->is_paired &&
                   (other->ended_ns == UINT64_MAX ||
                    change->started_ns <= other->ended_ns + after_ms * TL_MILLISECOND_NS);
        other->is_paired |= (uint8_t)same;
        press->late_is_double = (uint8_t)same;
        if (press->ended_ns == UINT64_MAX) // it came late and is over at once; that one lasts
            return same;
        *press = (struct tl_dtmf_press){
            .started_ns = change->started_ns,
            .ended_ns = UINT64_MAX,
            .event = (uint8_t)(change->event + 1),
            .is_paired = (uint8_t)same,
            .is_double = (uint8_t)same,
        };
        return same;
    }
    if (form == TL_DIGIT_BY_EVENT && press->started_ns != change->started_ns)
        return press->late_is_double;
    press->ended_ns = change->started_ns + change->duration_ms * TL_MILLISECOND_NS;
    return press->is_double;
}

TL_PACKET_CODE void tl_dtmf_change(struct tl_worker *worker, uint32_t slot,
                                   const struct tl_digit_change *change, uint8_t form,
                                   uint64_t now_ns)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    int passes = (dtmf->how.flags & TL_DTMF_PASS_ON) != 0;
    if (is_double(dtmf, change, form))
        return;
    if (change->kind == TL_DIGIT_BEGAN) {
        if (passes)
            passed_begin(worker, slot, change->event, form, now_ns);
        return;
    }
    if (dtmf->passed_form == form && dtmf->passed_event == change->event)
        passed_end(worker, dtmf, believed_ms(change->duration_ms, now_ns - dtmf->passed_ns));
    else if (passes) // it came late, and whole
        pass_on(worker, slot, change->event, believed_ms(change->duration_ms, 0), now_ns);
    if (form == TL_DIGIT_BY_EVENT)
        worker->counters.digits_by_event++;
    else
        worker->counters.digits_by_tone++;
    if (dtmf->how.flags & TL_DTMF_REPORT)
        tell(worker, slot, change, form);
}

TL_PACKET_CODE void tl_dtmf_silence(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    struct tl_dtmf_tones *tones = &worker->tones[slot];
    const uint64_t silence_ns = TL_EVENT_SILENCE_MS * TL_MILLISECOND_NS;
    struct tl_digit_change change;
    if (tl_event_silence(&dtmf->events, now_ns, &change))
        tl_dtmf_change(worker, slot, &change, TL_DIGIT_BY_EVENT, now_ns);
    if (tl_tone_is_open(&tones->detector) && tones->heard_ns + silence_ns <= now_ns &&
        tl_tone_silence(&tones->detector, &change))
        tl_dtmf_change(worker, slot, &change, TL_DIGIT_BY_TONE, now_ns);
}

// Zero means that nothing is waited for.
static uint64_t due_of(const struct tl_dtmf *dtmf, const struct tl_dtmf_tones *tones)
{
    uint64_t due = dtmf->sender.due_ns;
    uint64_t event = tl_event_due(&dtmf->events);
    due = event < due ? event : due;
    if (tl_tone_is_open(&tones->detector)) {
        uint64_t tone = tones->heard_ns + TL_EVENT_SILENCE_MS * TL_MILLISECOND_NS;
        due = tone < due ? tone : due;
    }
    return due == UINT64_MAX ? 0 : due;
}

TL_PACKET_CODE void tl_dtmf_schedule(struct tl_worker *worker, uint32_t slot, uint64_t now_ns)
{
    const struct tl_dtmf *dtmf = tl_dtmf_of(worker, slot);
    struct tl_flow_cold *cold = &worker->cold[slot];
    uint64_t before = cold->digits_due_ns;
    cold->digits_due_ns = dtmf != NULL ? due_of(dtmf, &worker->tones[slot]) : 0;
    if (cold->digits_due_ns != before)
        tl_flow_schedule(worker, slot, now_ns);
}
