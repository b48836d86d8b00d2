/* states_ways.h: ways into the states of a delivery, on the stage of lone.h, after lone_begin(&lone). */
#ifndef TESTS_STORY_STATES_WAYS_H
#define TESTS_STORY_STATES_WAYS_H

#include "tests/story/lone.h"

extern struct lone lone;

void way_received(void);
void way_queued(void);
void way_claiming(void);
void way_claimed_beside(void);
void way_waiting(void);
void way_calling(void);
void way_resting(void);
void way_resting_marked_soon(void);
void way_ready(void);
void way_renewing(void);
void way_turn_before_mark(void);
void way_renewing_again(void);
void way_settling_done(void);
void way_settling_again(void);
void way_parking(void);
void way_settling_dead(void);
void way_settling_unconfirmed(void);
void way_settling_released(void);
void way_settling_given_up(void);
void way_parking_unclaimed(void);
void way_parking_record(void);
void way_parking_again(void);
void way_parking_renewing(void);
void way_held(void);
void way_held_marked_soon(void);

#endif
