/* Interfaces that there are not here. */
#include "guest/import_known.h"

#include <stdbool.h>
#include <string.h>

#define PREVIEW2 "it is WASI preview 2, of components: build it for preview 1 " \
	"(wasm32-wasip1)"
#define THREADS "it was built for WASI with threads, which there are not: " \
	"build it for wasm32-wasip1"
#define WASIX "it is WASIX: build it for WASI preview 1 (wasm32-wasip1)"
#define SOCKETS "some runtimes add it to WASI; there are only sock_accept, " \
	"sock_recv, sock_send and sock_shutdown"
#define EMSCRIPTEN "it was built by Emscripten for JavaScript: build it with " \
	"wasi-sdk, or with -sSTANDALONE_WASM"
#define ASSEMBLYSCRIPT "AssemblyScript expects it from JavaScript: build it " \
	"with @assemblyscript/wasi-shim"
#define BINDGEN "it was built for JavaScript by wasm-bindgen: build it for " \
	"wasm32-wasip1, without"
#define GO_JS "it was built by Go for JavaScript: build it with GOOS=wasip1"
#define JAVASCRIPT "it was built for JavaScript, whose functions there are not"
#define LIBRARY "it is a library for dynamic linking, not a program: link it " \
	"without -shared or -pie"

/* Fronts of the names of a module and of what is imported from it; "!" behind
 * one that is the whole name. The first that fits. */
static const struct {
	const char *module;
	const char *name;
	const char *text;
} known[] = {
	{ "wasi:", "", PREVIEW2 },
	{ "wasi_snapshot_preview2", "", PREVIEW2 },
	{ "wasi_ephemeral_", "", PREVIEW2 },
	{ "wasi!", "thread-spawn!", THREADS },
	{ "wasix_", "", WASIX },
	{ "wasi_snapshot_preview1!", "sock_", SOCKETS },
	{ "wasi_unstable!", "sock_", SOCKETS },
	{ "env!", "emscripten_", EMSCRIPTEN },
	{ "env!", "_emscripten_", EMSCRIPTEN },
	{ "env!", "__syscall_", EMSCRIPTEN },
	{ "env!", "invoke_", EMSCRIPTEN },
	{ "env!", "_embind_", EMSCRIPTEN },
	{ "env!", "__cxa_", EMSCRIPTEN },
	{ "env!", "abort!", ASSEMBLYSCRIPT },
	{ "env!", "seed!", ASSEMBLYSCRIPT },
	{ "env!", "trace!", ASSEMBLYSCRIPT },
	{ "env!", "console.", ASSEMBLYSCRIPT },
	{ "env!", "__memory_base!", LIBRARY },
	{ "env!", "__table_base!", LIBRARY },
	{ "env!", "__indirect_function_table!", LIBRARY },
	{ "env!", "__stack_pointer!", LIBRARY },
	{ "GOT.", "", LIBRARY },
	{ "__wbindgen_", "", BINDGEN },
	{ "wbg!", "", BINDGEN },
	{ "go!", "", GO_JS },
	{ "gojs!", "", GO_JS },
	{ "wasm:", "", JAVASCRIPT },
};

static bool
name_begins(struct name name, const char *front)
{
	size_t len = strlen(front);

	if (len > 0 && front[len - 1] == '!')
		return name.len == len - 1 &&
		    memcmp(name.data, front, len - 1) == 0;
	return name.len >= len && memcmp(name.data, front, len) == 0;
}

const char *
import_known(const struct import *im)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (name_begins(im->module, known[i].module) &&
		    name_begins(im->name, known[i].name))
			return known[i].text;
	}
	return NULL;
}
