/* Who runs next: bounds, order, fairness between users. */
#include "tests/daemon/unit.h"

#include <event2/event.h>

#include "daemon/job.h"
#include "daemon/queue.h"
#include "daemon/user.h"

#define JOBS 20

static struct job jobs[JOBS];
static struct users users;
static struct policies policies;
static int started[JOBS];
static int nstarted;

void job_tell_ahead(struct job *j, uint64_t ahead) { }

void
job_event(struct job *j, enum job_event event)
{
	assert_int_equal(event, JOB_EV_START);
	started[nstarted++] = (int)(j - jobs);
}

static struct queue *
make(struct event_base *base, unsigned running, unsigned running_user)
{
	struct queue_config config = {
		.max_running = running, .max_jobs = 10,
	};

	policies_init(&policies);
	policies.each = (struct policy){ .max_running = running_user,
		.max_jobs = 6, .priority = 10 };
	users_init(&users, &policies);
	nstarted = 0;
	memset(jobs, 0, sizeof(jobs));
	return queue_new(base, &config);
}

static void
add(struct queue *q, int n, uid_t uid)
{
	jobs[n].user = user_ref(&users, uid);
	queue_enter(q, &jobs[n]);
	queue_wait(q, &jobs[n]);
}

static void
leave(struct queue *q, int n)
{
	queue_leave(q, &jobs[n]);
	user_unref(jobs[n].user);
}

static void
expect(struct event_base *base, const char *order)
{
	nstarted = 0;
	event_base_loop(base, EVLOOP_NONBLOCK);
	assert_int_equal(nstarted, strlen(order));
	for (int i = 0; i < nstarted; i++)
		assert_int_equal(started[i], order[i] - '0');
}

static void
test_one_user_in_order(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 2, 2);

	for (int i = 0; i < 4; i++)
		add(q, i, 1);
	expect(base, "01");
	queue_release(q, &jobs[1]);
	queue_release(q, &jobs[1]);	/* holds none any more */
	expect(base, "2");
	leave(q, 0);
	expect(base, "3");
	for (int i = 1; i < 4; i++)
		leave(q, i);
	assert_true(TAILQ_EMPTY(&users.list));
	queue_free(q);
	event_base_free(base);
}

static void
test_users_take_turns(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 3, 3);

	for (int i = 0; i < 5; i++)
		add(q, i, 1);
	expect(base, "012");
	add(q, 5, 2);
	add(q, 6, 2);
	queue_release(q, &jobs[0]);
	expect(base, "5");	/* not 3: user 1 has two already */
	queue_release(q, &jobs[1]);
	expect(base, "3");	/* now they have one each: the first that came */
	queue_release(q, &jobs[2]);
	expect(base, "6");	/* one each again: who had fewer turns */
	queue_release(q, &jobs[3]);
	expect(base, "4");
	for (int i = 0; i < 7; i++)
		leave(q, i);
	queue_free(q);
	event_base_free(base);
}

/* One slot, three users, each with more to do than it gets. */
static void
test_turns_follow_priority(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 1, 1);
	unsigned turns[3] = { 0 };
	int running = -1, n;

	for (int i = 0; i < 3; i++) {
		add(q, i, (uid_t)i);
		jobs[i].user->policy.priority = i == 2 ? 40 : 10;
	}
	for (n = 0; n < 60; n++) {
		nstarted = 0;
		event_base_loop(base, EVLOOP_NONBLOCK);
		assert_int_equal(nstarted, 1);
		running = started[0];
		turns[running]++;
		/* The same again. */
		queue_release(q, &jobs[running]);
		queue_wait(q, &jobs[running]);
	}
	assert_in_range(turns[0], 9, 11);
	assert_in_range(turns[1], 9, 11);
	assert_in_range(turns[2], 39, 41);
	for (int i = 0; i < 3; i++)
		leave(q, i);
	queue_free(q);
	event_base_free(base);
}

/* Slots that are held count by priority, too. */
static void
test_slots_follow_priority(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 5, 5);

	for (int i = 0; i < 4; i++)
		add(q, i, 1);
	for (int i = 4; i < 8; i++)
		add(q, i, 2);
	jobs[4].user->policy.priority = 40;
	expect(base, "04567");
	for (int i = 0; i < 8; i++)
		leave(q, i);
	queue_free(q);
	event_base_free(base);
}

static void
test_one_user_leaves_room_for_others(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 3, 2);

	for (int i = 0; i < 4; i++)
		add(q, i, 1);
	expect(base, "01");
	add(q, 4, 2);
	expect(base, "4");
	for (int i = 0; i < 5; i++)
		leave(q, i);
	queue_free(q);
	event_base_free(base);
}

static void
test_withdrawn_job_is_not_started(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 1, 1);

	add(q, 0, 1);
	add(q, 1, 1);
	queue_withdraw(q, &jobs[0]);
	queue_withdraw(q, &jobs[0]);
	expect(base, "1");
	leave(q, 0);
	leave(q, 1);
	queue_free(q);
	event_base_free(base);
}

static void
test_bounds(void **state)
{
	struct event_base *base = event_base_new();
	struct queue *q = make(base, 1, 1);
	struct user *one = user_ref(&users, 1), *two = user_ref(&users, 2);

	for (int i = 0; i < 6; i++) {
		assert_int_equal(queue_admit(q, one), 0);
		add(q, i, 1);
	}
	assert_int_equal(queue_admit(q, one), -1);
	for (int i = 6; i < 10; i++) {
		assert_int_equal(queue_admit(q, two), 0);
		add(q, i, 2);
	}
	assert_int_equal(queue_admit(q, two), -1);
	assert_true(queue_retry_ms(q) > 0);
	leave(q, 0);
	assert_int_equal(queue_admit(q, one), 0);
	for (int i = 1; i < 10; i++)
		leave(q, i);
	user_unref(one);
	user_unref(two);
	assert_true(TAILQ_EMPTY(&users.list));
	queue_free(q);
	event_base_free(base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_user_in_order),
		cmocka_unit_test(test_users_take_turns),
		cmocka_unit_test(test_turns_follow_priority),
		cmocka_unit_test(test_slots_follow_priority),
		cmocka_unit_test(test_one_user_leaves_room_for_others),
		cmocka_unit_test(test_withdrawn_job_is_not_started),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
