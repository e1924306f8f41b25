/* Metrics: what is counted, and how it is written. */
#include "tests/daemon/unit.h"

#include "daemon/metrics.h"

static char *text;

static int
setup(void **state)
{
	memset(metrics, 0, sizeof(metrics));
	return 0;
}

static int
teardown(void **state)
{
	free(text);
	text = NULL;
	return 0;
}

static void
print(void)
{
	struct buf out;
	size_t len;

	buf_init(&out, 1 << 20);
	assert_int_equal(metrics_print(&out), 0);
	assert_int_equal(buf_append(&out, "", 1), 0);
	free(text);
	text = (char *)buf_take(&out, &len);
}

static void
has(const char *line)
{
	char whole[200];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (strstr(text, whole) == NULL)
		fail_msg("there is no line '%s'", line);
}

static void
test_labels(void **state)
{
	metric_count(METRIC_JOBS_ENDED, PROTO_STATUS_SV);
	metric_count(METRIC_JOBS_ENDED, PROTO_STATUS_NF);	/* the last one */
	metric_count_error(PROTO_ERROR_RATE);
	metric_count_error((enum proto_error)9999);	/* nobody's */
	metric_set(METRIC_JOBS, JOB_QUEUED, 12);
	metric_set(METRIC_LAYERS, LAYER_SECCOMP, 1);
	print();
	has("wasmd_jobs_ended_total{status=\"SV\"} 1");
	has("wasmd_jobs_ended_total{status=\"NF\"} 1");
	has("wasmd_jobs_ended_total{status=\"OK\"} 0");
	has("wasmd_requests_refused_total{error=\"too-many-calls\"} 1");
	has("wasmd_requests_refused_total{error=\"queue-full\"} 0");
	has("wasmd_jobs{state=\"queued\"} 12");
	has("wasmd_layer_in_force{layer=\"seccomp\"} 1");
	has("# TYPE wasmd_jobs_ended_total counter");
	has("# TYPE wasmd_layer_in_force gauge");
}

static void
test_times(void **state)
{
	metric_time(METRIC_RUN_TIME, 0);
	metric_time(METRIC_RUN_TIME, 100);	/* a bound belongs to it */
	metric_time(METRIC_RUN_TIME, 101);
	metric_time(METRIC_RUN_TIME, 600000000);
	metric_time(METRIC_RUN_TIME, 600000001);
	print();
	has("# TYPE wasmd_job_run_seconds histogram");
	has("wasmd_job_run_seconds_bucket{le=\"0.0001\"} 2");
	has("wasmd_job_run_seconds_bucket{le=\"0.0002\"} 3");
	has("wasmd_job_run_seconds_bucket{le=\"120\"} 3");
	has("wasmd_job_run_seconds_bucket{le=\"600\"} 4");
	has("wasmd_job_run_seconds_bucket{le=\"+Inf\"} 5");
	has("wasmd_job_run_seconds_sum 1200.000202");
	has("wasmd_job_run_seconds_count 5");
	has("wasmd_job_queue_seconds_count 0");
}

static void
test_seconds(void **state)
{
	metric_add(METRIC_CPU_US, 1500000);
	metric_set(METRIC_STARTED, 0, 1700000000000001);
	print();
	has("wasmd_guest_cpu_seconds_total 1.500000");
	has("wasmd_start_time_seconds 1700000000.000001");
}

/* No figure is in two metrics. */
static void
test_every_figure_is_written_once(void **state)
{
	char number[40];

	for (unsigned i = 0; i < METRIC_FIGURES; i++) {
		memset(metrics, 0, sizeof(metrics));
		metrics[i] = 7777777777;
		print();
		snprintf(number, sizeof(number), " %" PRIu64, metrics[i]);
		if (strstr(text, number) == NULL &&
		    strstr(text, " 7777.777777\n") == NULL)
			fail_msg("figure %u is not written", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_labels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_times, setup, teardown),
		cmocka_unit_test_setup_teardown(test_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(
			test_every_figure_is_written_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
