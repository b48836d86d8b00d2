/* space.h: memory that is reserved by size at start, and the end of a process that gets none, or no thread.
 *
 * Whoever asks for memory need not handle that there is none: in the program malloc and its kin end the process likewise
 * (doors.c). Nothing is lost by that; it is what a crash at the same place would do. */
#ifndef BRIDGE_SPACE_H
#define BRIDGE_SPACE_H

#include <stddef.h>

/* Zeroed address space, touched as it is used. Never NULL. */
void *space_map(size_t bytes);
void space_unmap(void *, size_t bytes);         /* NULL is fine */

/* Says that so much was asked for in vain (AB8205) and ends the process with 71, from any thread and without memory. */
_Noreturn void space_gone(size_t bytes);
_Noreturn void space_no_thread(void);           /* the same for a thread (AB8206) */

#endif
