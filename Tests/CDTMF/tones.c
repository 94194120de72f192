// SPDX-License-Identifier: Apache-2.0
#include "tones.h"

#include "checks.h"

#include <math.h>

const char tone_names[17] = "0123456789*#ABCD";

static const double rows[16] = {941, 697, 697, 697, 770, 770, 770, 852,
                                852, 852, 941, 941, 697, 770, 852, 941};
static const double columns[16] = {1336, 1209, 1336, 1477, 1209, 1336, 1477, 1209,
                                   1336, 1477, 1209, 1477, 1633, 1633, 1633, 1633};

static double chance(void)
{
    return (double)random_64() / 18446744073709551616.0;
}

static double noise(void)
{
    double sum = 0;
    for (uint32_t i = 0; i < 12; i++)
        sum += chance();
    return sum - 6;
}

// Of 16 bits, where mu-law's largest is 3.17 dBm0.
static double amplitude_of(double level)
{
    return 32636 * pow(10, (level - 3.17) / 20);
}

static double wave(double hertz, uint32_t at, double phase)
{
    return sin(2 * M_PI * hertz * at / 8000 + phase);
}

uint32_t tones_make(const struct tones *tones, int16_t samples[TONES_SAMPLES_MAX])
{
    double low = amplitude_of(tones->level - (tones->twist > 0 ? tones->twist : 0));
    double high = amplitude_of(tones->level + (tones->twist < 0 ? tones->twist : 0));
    double row = rows[tones->event] * (1 + tones->row_off / 100);
    double column = columns[tones->event] * (1 + tones->column_off / 100);
    double hiss = tones->snr == 0 ? 0 : sqrt((low * low + high * high) / 2) *
                                            pow(10, -tones->snr / 20);
    double dial = tones->dial_tone == 0 ? 0 : amplitude_of(tones->dial_tone);
    double second = tones->harmonic == 0 ? 0 : pow(10, tones->harmonic / 20);
    double first_phase = chance() * 6, second_phase = chance() * 6;
    uint32_t on = (uint32_t)(tones->on_ms * 8), gap = (uint32_t)(tones->gap_ms * 8);
    uint32_t period = on + (uint32_t)(tones->off_ms * 8), start = 4000 + random_below(160);
    uint32_t count = start + period * tones->count + 4000;
    CHECK(count <= TONES_SAMPLES_MAX);
    for (uint32_t i = 0; i < count; i++) {
        double sum = hiss * (hiss > 0 ? noise() : 0) +
                     dial * (wave(350, i, 0) + wave(440, i, 0));
        uint32_t within = i >= start ? (i - start) % period : period;
        int is_gap = within >= on / 2 && within < on / 2 + gap;
        if (i >= start && i < start + period * tones->count && within < on && !is_gap)
            sum += low * wave(row, i, first_phase) + high * wave(column, i, second_phase) +
                   low * second * wave(row * 2, i, 1) + high * second * wave(column * 2, i, 1);
        samples[i] = (int16_t)(sum > 32767 ? 32767 : sum < -32768 ? -32768 : lrint(sum));
    }
    return count;
}

void tones_key(uint8_t event, double level, int16_t *samples, uint32_t count)
{
    double amplitude = amplitude_of(level);
    for (uint32_t i = 0; i < count; i++)
        samples[i] = (int16_t)lrint(
            amplitude * (wave(rows[event], i, 0.3) + wave(columns[event], i, 1.1)));
}
