/*
 * Static storage that every call writes. It lies together in one section, so
 * that a child copies a page or two and not one for each variable: a fault of
 * a page costs more than most of what a small guest does. What only some
 * calls need, large buffers above all, does not belong here.
 */
#ifndef GUEST_HOT_H
#define GUEST_HOT_H

#define GUEST_HOT __attribute__((section("guest_hot")))

/* What is zero at first, large, and no part of most calls. */
#define GUEST_COLD __attribute__((section(".bss.cold")))

#endif
