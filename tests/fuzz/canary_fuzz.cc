// Must crash within seconds: shows that the fuzzing machinery reports what it finds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 3 && data[0] == 'k' && data[1] == 'z' && data[2] == '!') std::abort();
  return 0;
}
