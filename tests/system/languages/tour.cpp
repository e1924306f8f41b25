// What a C++ program asks of WASI; prints the same as tour.c.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

// Its destructor runs at exit, after everything else was printed.
struct Farewell {
	~Farewell() { std::cerr << "done" << std::endl; }
} farewell;

void
input()
{
	std::string text(std::istreambuf_iterator<char>(std::cin), {});
	std::map<std::string, int> words;
	std::istringstream in(text);

	for (std::string word; in >> word;)
		words[word]++;
	std::cout << "input: " << text.size() << " bytes\nwords:";
	for (const auto &[word, count] : words)
		std::cout << ' ' << word << '=' << count;
	std::cout << '\n';
}

void
sorting()
{
	std::vector<uint32_t> numbers(200);
	uint32_t x = 1;

	std::generate(numbers.begin(), numbers.end(), [&x] {
		x = x * 1664525 + 1013904223;
		return x >> 16;
	});
	std::sort(numbers.begin(), numbers.end());
	std::cout << "sorted: " << numbers.front() << ' ' << numbers[100] <<
		' ' << numbers.back() << '\n';
}

void
arithmetic()
{
	uint64_t hash = 14695981039346656037u;
	double pi = 0;

	for (int i = 0; i < 100000; i++) {
		hash = (hash ^ (i & 255)) * 1099511628211u;
		pi += (i % 2 == 0 ? 4.0 : -4.0) / (2 * i + 1);
	}
	std::cout << "hash: " << std::hex << std::setfill('0') <<
		std::setw(16) << hash << std::dec << '\n';
	std::cout << "pi: " << std::fixed << std::setprecision(9) << pi << '\n';
}

bool
slept()
{
	const auto before = std::chrono::steady_clock::now();

	usleep(20000);
	return std::chrono::steady_clock::now() - before >=
		std::chrono::milliseconds(20);
}

bool
is_random()
{
	uint64_t a = 0, b = 0;

	return getentropy(&a, sizeof(a)) == 0 && getentropy(&b, sizeof(b)) == 0 &&
		a != b;
}

const char *
yes(bool it_is)
{
	return it_is ? "yes" : "no";
}

}

int
main(int argc, char **argv)
{
	const char *greeting = std::getenv("GREETING");
	const auto now = std::chrono::system_clock::now().time_since_epoch();

	std::cout << "arguments:";
	for (int i = 1; i < argc; i++)
		std::cout << " [" << argv[i] << ']';
	std::cout << "\nenvironment: " << (greeting ? greeting : "none") << '\n';
	input();
	sorting();
	arithmetic();
	std::cout << "slept: " << yes(slept()) << '\n';
	std::cout << "after 2024: " <<
		yes(now > std::chrono::seconds(1704067200)) << '\n';
	std::cout << "random: " << yes(is_random()) << '\n';
	std::cout << "file: " << (std::ifstream("/etc/passwd").is_open() ?
		"opened" : "refused") << std::endl;
	return 7;
}
