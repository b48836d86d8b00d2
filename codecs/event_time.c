/* event_time.c: times as producers write them. RFC 3339: https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
#include "codecs/buf.h"
#include "codecs/event.h"

enum { DAY_S = 86400 };

struct civil {
    int64_t year;
    int month, day, hour, minute, second;
};

/* Days since 1970-01-01 in the proleptic Gregorian calendar; https://howardhinnant.github.io/date_algorithms.html */
static int64_t
days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static struct civil
civil_of(int64_t seconds)
{
    int64_t days = seconds / DAY_S;
    int rest = (int)(seconds % DAY_S);
    days += 719468;
    int64_t era = days / 146097, day_of_era = days % 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t shifted = (5 * day_of_year + 2) / 153;
    int month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    return (struct civil){
        .year = year_of_era + era * 400 + (month <= 2),
        .month = month,
        .day = (int)(day_of_year - (153 * shifted + 2) / 5 + 1),
        .hour = rest / 3600,
        .minute = rest / 60 % 60,
        .second = rest % 60,
    };
}

/* A text read from the left. After the first thing that does not fit, `wrong` stays set. */
struct cursor {
    struct slice text;
    size_t place;
    bool wrong;
};

static char
peek(const struct cursor *cursor)
{
    return cursor->place < cursor->text.size ? cursor->text.at[cursor->place] : '\0';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int
digits(struct cursor *cursor, int count)
{
    int number = 0;
    for (int i = 0; i < count; i++, cursor->place++) {
        if (!is_digit(peek(cursor))) {
            cursor->wrong = true;
            return 0;
        }
        number = number * 10 + (peek(cursor) - '0');
    }
    return number;
}

static void
expect(struct cursor *cursor, char c)
{
    if (peek(cursor) == c)
        cursor->place++;
    else
        cursor->wrong = true;
}

/* ".123456" in milliseconds, the rest cut off; 0 when there is none. */
static int
fraction_ms(struct cursor *cursor)
{
    if (peek(cursor) != '.')
        return 0;
    cursor->place++;
    cursor->wrong |= !is_digit(peek(cursor));
    int ms = 0;
    for (int weight = 100; is_digit(peek(cursor)); weight /= 10, cursor->place++)
        ms += (peek(cursor) - '0') * weight;
    return ms;
}

/* "Z" or "+08:00", as seconds east of Greenwich. */
static int
zone_s(struct cursor *cursor)
{
    char sign = peek(cursor);
    cursor->place++;
    if (sign == 'Z' || sign == 'z')
        return 0;
    if (sign != '+' && sign != '-') {
        cursor->wrong = true;
        return 0;
    }
    int hours = digits(cursor, 2);
    expect(cursor, ':');
    int minutes = digits(cursor, 2);
    cursor->wrong |= hours > 23 || minutes > 59;
    return (hours * 60 + minutes) * (sign == '-' ? -60 : 60);
}

static bool
is_date(const struct civil *at)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (at->month < 1 || at->month > 12 || at->day < 1)
        return false;
    bool leap = at->year % 4 == 0 && (at->year % 100 != 0 || at->year % 400 == 0);
    return at->day <= days[at->month - 1] + (leap && at->month == 2);
}

/* Second 60 is a leap second. */
static bool
is_clock(const struct civil *at)
{
    return at->hour <= 23 && at->minute <= 59 && at->second <= 60;
}

static bool
text_ms(struct slice text, int64_t *ms)
{
    struct cursor cursor = { .text = text };
    struct civil at = { .year = digits(&cursor, 4) };
    expect(&cursor, '-');
    at.month = digits(&cursor, 2);
    expect(&cursor, '-');
    at.day = digits(&cursor, 2);
    char between = peek(&cursor);
    cursor.place++;
    cursor.wrong |= between != 'T' && between != 't' && between != ' ';
    at.hour = digits(&cursor, 2);
    expect(&cursor, ':');
    at.minute = digits(&cursor, 2);
    expect(&cursor, ':');
    at.second = digits(&cursor, 2);
    bool is_plain = between == ' ' && cursor.place == text.size;
    int fraction = is_plain ? 0 : fraction_ms(&cursor);
    int zone = is_plain ? 0 : zone_s(&cursor);
    if (cursor.wrong || cursor.place != text.size || !is_date(&at) || !is_clock(&at))
        return false;
    int64_t seconds = days_of(at.year, at.month, at.day) * DAY_S + at.hour * 3600 + at.minute * 60 + at.second - zone;
    *ms = seconds * 1000 + fraction;
    return true;
}

bool
event_time_ms(const struct event_time *time, int64_t *ms)
{
    if (!time->is_ms)
        return time->text.at && text_ms(time->text, ms);
    *ms = time->ms;
    return true;
}

void
event_time_write(struct buf *buf, const struct event_time *time)
{
    if (!time->is_ms) {
        buf_slice(buf, time->text);
        return;
    }
    struct civil at = civil_of(time->ms / 1000);
    buf_format(buf, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)at.year, at.month, at.day, at.hour, at.minute, at.second);
}

static void
put_digits(struct buf *buf, int number, size_t width)
{
    char digits[4];
    for (size_t i = width; i > 0; number /= 10)
        digits[--i] = (char)('0' + number % 10);
    buf_put(buf, digits, width);
}

/* Written by hand: it stands on the way of each event, and printf is ten times slower. */
void
buf_rfc3339_ms(struct buf *buf, int64_t wall_ms)
{
    static const char separators[] = "--T::.";
    struct civil at = civil_of(wall_ms / 1000);
    const int parts[] = { at.month, at.day, at.hour, at.minute, at.second };
    put_digits(buf, (int)at.year, 4);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        buf_char(buf, separators[i]);
        put_digits(buf, parts[i], 2);
    }
    buf_char(buf, separators[5]);
    put_digits(buf, (int)(wall_ms % 1000), 3);
    buf_char(buf, 'Z');
}
