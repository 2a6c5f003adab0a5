// Must fail: a length byte trusted behind a three-byte mark. If the fuzzer does not find it within
// seconds, coverage guidance or the sanitizers are not at work, and the other targets prove
// nothing.
#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4 || data[0] != 0x68 || data[1] != 0x16 || data[2] != 0xA7) {
        return 0;
    }
    unsigned sum = 0;
    for (std::size_t i = 0; i < data[3]; ++i) {
        sum += data[4 + i];  // reads past the end when the length byte says so
    }
    volatile unsigned kept = sum;
    (void)kept;
    return 0;
}
