/* The daemon's configuration. Runs in the daemon. */
#include "config.h"

#include "daemon/conf.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "daemon/near.h"
#include "daemon/option.h"

#define CONF_MAX	(1u << 20)	/* bytes of a file */
#define CONF_OPTIONS_MAX 64		/* rows of option_table */
#define CONF_PRIVATE_IDLE_MS (5 * 60 * 1000)
#define CONF_USER	"for-user"
#define CONF_GROUP	"for-group"

/* Put behind the file: libconfuse takes a section that is never closed for one
 * that ends with the file. */
#define CONF_END	"end-of-file"

/* The file that is being read: libconfuse's callbacks get nothing of ours. */
static struct {
	struct options *options;
	const char *path;
	struct err *err;
	const cfg_t *section_cfg;	/* whose section is: */
	struct section *section;
} conf_reading;

/* ---- what is wrong ------------------------------------------------------- */

static const struct option_info *
conf_find(const char *name)
{
	const struct option_info *info = option_table;

	while (info->name != NULL && strcmp(info->name, name) != 0)
		info++;
	return info->name == NULL ? NULL : info;
}

static bool
conf_takes(const struct option_info *info, bool in_section)
{
	return in_section ? info->where == WHERE_POLICY :
		info->where != WHERE_COMMAND;
}

/* The name that was most likely meant, or NULL. */
static const char *
conf_nearest(const char *name, bool in_section)
{
	struct near near;

	near_init(&near, name);
	for (const struct option_info *i = option_table; i->name != NULL; i++) {
		if (conf_takes(i, in_section))
			near_try(&near, i->name);
	}
	if (!in_section) {
		near_try(&near, CONF_USER);
		near_try(&near, CONF_GROUP);
	}
	return near.best;
}

static void
conf_explain_unknown(char *out, size_t size, const char *name,
	bool in_section)
{
	const struct option_info *info = conf_find(name);
	const char *nearest = conf_nearest(name, in_section);

	if (info != NULL && info->where == WHERE_COMMAND)
		snprintf(out, size, "%.60s can be given on the command line only",
			name);
	else if (info != NULL)
		snprintf(out, size, "%.60s cannot stand in a section", name);
	else if (nearest != NULL)
		snprintf(out, size, "there is no option %.60s; is it %s?", name,
			nearest);
	else
		snprintf(out, size, "there is no option %.60s", name);
}

/* libconfuse's own complaints, and ours by cfg_error. */
static void
conf_on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	char text[ERR_TEXT_MAX], name[ERR_TEXT_MAX];

	vsnprintf(text, sizeof(text), fmt, ap);
	if (strstr(text, CONF_END) != NULL) {
		err_set(conf_reading.err, 1, "%s: the file ends within a "
			"section or value", conf_reading.path);
		return;
	}
	if (sscanf(text, "no such option '%[^']'", name) == 1)
		conf_explain_unknown(text, sizeof(text), name,
			cfg_title(cfg) != NULL);
	err_set(conf_reading.err, 1, "%s:%d: %s", conf_reading.path,
		cfg->line, text);
}

/* ---- sections ------------------------------------------------------------ */

static int
conf_number(const char *title, unsigned *id)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(title, &end, 10);
	if (title[0] < '0' || title[0] > '9' || *end != '\0' || errno != 0 ||
	    n >= UINT32_MAX)
		return -1;
	*id = (unsigned)n;
	return 0;
}

static int
conf_find_id(const char *title, bool is_group, unsigned *id)
{
	struct passwd *pw = is_group ? NULL : getpwnam(title);
	struct group *gr = is_group ? getgrnam(title) : NULL;

	if (pw == NULL && gr == NULL)
		return conf_number(title, id);
	*id = pw != NULL ? pw->pw_uid : gr->gr_gid;
	return 0;
}

/* The section that a callback is about; made when it is the first one. */
static struct section *
conf_section(cfg_t *cfg)
{
	bool is_group = strcmp(cfg_name(cfg), CONF_GROUP) == 0;
	struct section *s;
	unsigned id;

	if (conf_reading.section_cfg == cfg)
		return conf_reading.section;
	if (conf_find_id(cfg_title(cfg), is_group, &id) == -1) {
		cfg_error(cfg, "there is no %s '%.60s'",
			is_group ? "group" : "user", cfg_title(cfg));
		return NULL;
	}
	s = policies_add(&conf_reading.options->policies, is_group, id);
	if (s == NULL)
		cfg_error(cfg, "out of memory");
	conf_reading.section_cfg = cfg;
	conf_reading.section = s;
	return s;
}

/* A section is complete; it may be empty. */
static int
conf_on_section(cfg_t *cfg, cfg_opt_t *opt)
{
	cfg_t *section = cfg_opt_getnsec(opt, cfg_opt_size(opt) - 1);

	return conf_section(section) == NULL ? -1 : 0;
}

/* ---- values -------------------------------------------------------------- */

/* The last value of a list is the new one. */
static int
conf_on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct option_info *info = conf_find(cfg_opt_name(opt));
	const char *value = cfg_opt_getnstr(opt, cfg_opt_size(opt) - 1);
	struct err err = ERR_NONE;
	struct section *s = NULL;
	int r;

	if (cfg_title(cfg) != NULL && (s = conf_section(cfg)) == NULL)
		return -1;
	r = s != NULL ? option_set_section(s, info, value, &err) :
		option_set(conf_reading.options, info, value, &err);
	if (r == -1)
		cfg_error(cfg, "%s: %s", info->name, err.text);
	return r;
}

/* What may stand in the file, or in a section: all are texts to libconfuse. */
static void
conf_make_table(cfg_opt_t *out, bool in_section)
{
	const cfg_opt_t end = CFG_END();
	const struct option_info *info;

	for (info = option_table; info->name != NULL; info++) {
		const cfg_opt_t str = CFG_STR(info->name, NULL, CFGF_NODEFAULT);
		const cfg_opt_t list = CFG_STR_LIST(info->name, NULL,
			CFGF_NODEFAULT);

		if (conf_takes(info, in_section))
			*out++ = info->kind == OPT_REQUIRE ||
				info->kind == OPT_PREFER ||
				info->kind == OPT_WITHOUT ? list : str;
	}
	*out = end;
}

static cfg_t *
conf_make_parser(void)
{
	static const char *const sections[] = { CONF_USER, CONF_GROUP };
	cfg_opt_t options[CONF_OPTIONS_MAX + 4], in_section[CONF_OPTIONS_MAX];
	const cfg_opt_t more[] = {
		CFG_SEC(CONF_USER, in_section,
			CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_SEC(CONF_GROUP, in_section,
			CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
		CFG_STR(CONF_END, NULL, CFGF_NODEFAULT),
	};
	const struct option_info *info;
	char path[128];
	cfg_t *cfg;

	memcpy(options, more, sizeof(more));
	conf_make_table(options + sizeof(more) / sizeof(more[0]), false);
	conf_make_table(in_section, true);
	cfg = cfg_init(options, CFGF_NONE);	/* copies the tables */
	if (cfg == NULL)
		return NULL;
	cfg_set_error_function(cfg, conf_on_error);
	for (info = option_table; info->name != NULL; info++) {
		if (conf_takes(info, false))
			cfg_set_validate_func(cfg, info->name, conf_on_value);
		for (int i = 0; i < 2 && conf_takes(info, true); i++) {
			snprintf(path, sizeof(path), "%s|%s", sections[i],
				info->name);
			cfg_set_validate_func(cfg, path, conf_on_value);
		}
	}
	cfg_set_validate_func(cfg, CONF_USER, conf_on_section);
	cfg_set_validate_func(cfg, CONF_GROUP, conf_on_section);
	return cfg;
}

/* ---- the file ------------------------------------------------------------ */

/* Spaces from at to the end of the comment; where that is, NULL: nowhere. */
static char *
conf_blank_comment(char *at)
{
	const char *end = at[0] == '/' && at[1] == '*' ? "*/" : "\n";
	char *behind = strstr(at + 1, end);

	if (behind == NULL)
		return NULL;
	if (end[0] == '*')
		behind += 2;
	for (; at < behind; at++) {
		if (*at != '\n')
			*at = ' ';
	}
	return behind;
}

/*
 * Comments become spaces: libconfuse counts their lines twice, and takes one
 * that is never closed for the file's end. With # they begin anywhere, else
 * where a word could; the text ends with a newline. -1: one is never closed.
 */
static int
conf_blank_comments(char *at)
{
	char quote = '\0', before = ' ';

	while (at != NULL && *at != '\0') {
		bool slash = at[0] == '/' && (at[1] == '/' || at[1] == '*') &&
			strchr(" \t\n={}(),", before) != NULL;

		if (quote == '\0' && (at[0] == '#' || slash)) {
			at = conf_blank_comment(at);
			before = ' ';
			continue;
		}
		if (quote != '\0' && *at == '\\' && at[1] != '\0')
			at++;
		else if (*at == quote)
			quote = '\0';
		else if (quote == '\0' && (*at == '"' || *at == '\''))
			quote = *at;
		before = *at++;
	}
	return at == NULL ? -1 : 0;
}

/* The file, and what says that it is whole. */
static int
conf_read_text(struct buf *text, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t *room = fd == -1 ? NULL : buf_reserve(text, CONF_MAX);
	ssize_t n = 0;
	size_t len = 0;

	while (room != NULL && len < CONF_MAX &&
	    (n = read(fd, room + len, CONF_MAX - len)) > 0)
		len += (size_t)n;
	if (room == NULL || n == -1)
		err_set(err, 1, "%s: %s", path, strerror(errno));
	else if (len == CONF_MAX || memchr(room, '\0', len) != NULL)
		err_set(err, 1, "%s: this is no configuration file", path);
	fd_close(&fd);
	if (room == NULL || n != 0 || err->code != 0)
		return -1;
	text->len = len;
	return buf_append(text, "\n" CONF_END " = yes\n",
		sizeof("\n" CONF_END " = yes\n"));
}

int
conf_read(struct options *o, const char *path, struct err *err)
{
	struct buf text;
	cfg_t *cfg;
	int r = -1;

	buf_init(&text, CONF_MAX + 64);
	if (conf_read_text(&text, path, err) == -1)
		goto out;
	if (conf_blank_comments((char *)text.data) == -1) {
		err_set(err, 1, "%s: the file ends within a comment", path);
		goto out;
	}
	cfg = conf_make_parser();
	if (cfg == NULL) {
		err_set(err, 1, "out of memory");
		goto out;
	}
	conf_reading.options = o;
	conf_reading.path = path;
	conf_reading.err = err;
	conf_reading.section_cfg = NULL;
	r = cfg_parse_buf(cfg, (const char *)text.data) == CFG_SUCCESS ? 0 : -1;
	cfg_free(cfg);
out:
	buf_clear(&text);
	if (r == -1)
		err_set(err, 1, "%s: cannot be read", path);
	return r;
}

/* ---- all of it ----------------------------------------------------------- */

/* A private daemon has one user: no share is kept for others. */
static void
conf_be_private(struct options *o)
{
	struct policy *p = &o->policies.each;

	policies_clear(&o->policies);
	p->max_running = o->max_running;
	p->max_jobs = o->max_jobs;
	p->max_conns = o->max_conns;
	p->max_store = o->max_store;
	p->max_kept = o->max_kept;
}

/* A private daemon does not stay for ever; tests make it shorter. */
static void
conf_set_idle(struct options *o)
{
	const char *env = getenv("WASMD_IDLE_MS");

	if (o->idle_ms != UINT64_MAX)
		return;
	o->idle_ms = 0;
	if (o->is_private)
		o->idle_ms = env != NULL ? strtoull(env, NULL, 10) :
			CONF_PRIVATE_IDLE_MS;
}

static const char *
conf_path(const struct options *o, const char *standard)
{
	if (o->config != NULL)
		return strcmp(o->config, "none") == 0 ? NULL : o->config;
	if (o->is_private && !o->check_config)
		return NULL;
	return o->check_config || access(standard, F_OK) == 0 ? standard : NULL;
}

/* Which file it is stands on the command line, which then is read a second
 * time, over the file. */
static int
conf_load_into(struct options *o, const struct conf_source *source,
	struct err *err)
{
	const char *path;
	char *owned;
	int r;

	if (options_init(o, err) == -1 ||
	    options_parse(o, source->argc, source->argv, err) == -1)
		return -1;
	path = conf_path(o, source->standard);
	if (path == NULL || o->help || o->version || o->print_config)
		return 0;
	owned = strdup(path);
	options_clear(o);
	if (owned == NULL)
		return err_set(err, 1, "out of memory");
	r = options_init(o, err) == -1 || conf_read(o, owned, err) == -1 ||
		options_parse(o, source->argc, source->argv, err) == -1;
	free(owned);
	return r ? -1 : 0;
}

struct options *
conf_load(const struct conf_source *source, struct err *err)
{
	struct options *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		err_set(err, 1, "out of memory");
		return NULL;
	}
	if (conf_load_into(o, source, err) == -1) {
		conf_free(o);
		return NULL;
	}
	if (o->is_private)
		conf_be_private(o);
	conf_set_idle(o);
	return o;
}

void
conf_free(struct options *o)
{
	if (o != NULL)
		options_clear(o);
	free(o);
}
