// One unpack policy per block format: how the 8 code groups of a tile (16 rows x 32 K) come out of the packed
// bytes, and which scales apply. Included inside the namespace of an instruction set, after its simd.h.
//
//   codes(q, j, lo, hi)   groups j and j + 4 (K 4j.. and K 16 + 4j..) of the tile at q, j = 0..3
//   scales(s, tile, out)  scales of tile `tile` inside the scale block at s
//   kOffsetLog2           codes are unsigned with offset 2^kOffsetLog2; kNone: no offset; kSigned: signed
//   bytes kHalves               a scale of its own for each 16 K kMinimum              w = scale * code +
//   minimum
// Adding a format: add a policy here, a line in dispatch_format (linear.h) and its layout in tensor/.

inline constexpr int kNone = -1, kSigned = -2;

struct Scales {
  F32 scale, second, minimum;  // second: of the tile's upper 16 K
};

inline const uint8_t* at(const uint8_t* p, int vector) { return p + 64 * vector; }

struct Nibbles {
  static constexpr bool kHalves = false, kMinimum = false;
  static void codes(const uint8_t* q, int j, Bytes& lo, Bytes& hi) {
    Bytes both = load_bytes(at(q, j));
    lo = low_nibbles(both);
    hi = high_nibbles(both);
  }
  static void scales(const uint8_t* s, int, Scales& out) { out.scale = load_f16(s); }
};

struct FormatQ4_0 : Nibbles {
  static constexpr DType kDType = DType::q4_0;
  static constexpr int kOffsetLog2 = 3;
};

struct FormatQ4_1 : Nibbles {
  static constexpr DType kDType = DType::q4_1;
  static constexpr int kOffsetLog2 = kNone;
  static constexpr bool kMinimum = true;
  static void scales(const uint8_t* s, int, Scales& out) {
    out.scale = load_f16(s);
    out.minimum = load_f16(s + 32);
  }
};

struct FormatQ5_0 : Nibbles {
  static constexpr DType kDType = DType::q5_0;
  static constexpr int kOffsetLog2 = 4;
  static void codes(const uint8_t* q, int j, Bytes& lo, Bytes& hi) {
    Nibbles::codes(q, j, lo, hi);
    lo = bitwise_or(lo, fifth_bits(q + 256 + 8 * j));
    hi = bitwise_or(hi, fifth_bits(q + 256 + 8 * (j + 4)));
  }
};

struct FormatQ8_0 : Nibbles {
  static constexpr DType kDType = DType::q8_0;
  static constexpr int kOffsetLog2 = kSigned;
  static void codes(const uint8_t* q, int j, Bytes& lo, Bytes& hi) {
    lo = load_bytes(at(q, j));
    hi = load_bytes(at(q, j + 4));
  }
};

struct FormatQ4_K : Nibbles {
  static constexpr DType kDType = DType::q4_k;
  static constexpr int kOffsetLog2 = kNone;
  static constexpr bool kMinimum = true;
  static void scales(const uint8_t* s, int tile, Scales& out) {
    out.scale = mul(load_f16(s), load_u8(s + 64 + 16 * tile));
    out.minimum = mul(mul(load_f16(s + 32), load_u8(s + 192 + 16 * tile)), splat(-1.0f));
  }
};

struct FormatQ6_K : Nibbles {
  static constexpr DType kDType = DType::q6_k;
  static constexpr int kOffsetLog2 = 5;
  static constexpr bool kHalves = true;
  static void codes(const uint8_t* q, int j, Bytes& lo, Bytes& hi) {
    Nibbles::codes(q, j, lo, hi);
    Bytes lower = load_bytes(at(q, 4)), upper = load_bytes(at(q, 5));
    switch (j) {
      case 0:
        return join(lo, hi, bit_pairs<0>(lower), bit_pairs<0>(upper));
      case 1:
        return join(lo, hi, bit_pairs<2>(lower), bit_pairs<2>(upper));
      case 2:
        return join(lo, hi, bit_pairs<4>(lower), bit_pairs<4>(upper));
      default:
        return join(lo, hi, bit_pairs<6>(lower), bit_pairs<6>(upper));
    }
  }
  static void join(Bytes& lo, Bytes& hi, Bytes lo_high, Bytes hi_high) {
    lo = bitwise_or(lo, lo_high);
    hi = bitwise_or(hi, hi_high);
  }
  static void scales(const uint8_t* s, int tile, Scales& out) {
    F32 d = load_f16(s);
    out.scale = mul(d, load_i8(s + 32 + 32 * tile));
    out.second = mul(d, load_i8(s + 32 + 32 * tile + 16));
  }
};

struct FormatF32 {
  static constexpr DType kDType = DType::f32;
  static constexpr int kBytes = 4;
  static F32 weights(const uint8_t* p) {
    float values[16];
    __builtin_memcpy(values, p, 64);
    return load(values);
  }
};

struct FormatF16 {
  static constexpr DType kDType = DType::f16;
  static constexpr int kBytes = 2;
  static F32 weights(const uint8_t* p) { return load_f16(p); }
};

struct FormatBF16 {
  static constexpr DType kDType = DType::bf16;
  static constexpr int kBytes = 2;
  static F32 weights(const uint8_t* p) { return load_bf16(p); }
};
