// How the weights of a type come out of the packed bytes (packed_layout.h), written once for all of kDTypes.
// Included inside the namespace of an instruction set, after its simd.h.

inline constexpr int kNone = -1, kSigned = -2;

struct Scales {
  F32 scale, minimum, second, second_minimum;  // second: of the tile's upper 16 K
};

template <DType kType>
struct FormatOf {
  static constexpr DType kDType = kType;
  static constexpr Codes kCodes = info(kType).codes;
  static constexpr int kBytes = static_cast<int>(info(kType).bytes);  // floats: of one
  static constexpr bool kHalves = kCodes.sub_scales == 16;            // a scale of its own for each 16 K
  static constexpr bool kMinimum = kCodes.minimum;
  // Codes are unsigned with offset 2^kOffsetLog2, or kNone: no offset, or kSigned.
  static constexpr int kOffsetLog2 = kCodes.bits == 8 || kCodes.codebook ? kSigned
                                     : kCodes.offset == 0                ? kNone
                                                                         : __builtin_ctz(kCodes.offset);
  // Of a code in the low quants.
  static constexpr int kLowBits = packed_layout(kType).low_bytes > 0 ? kCodes.bits - 4 : 0;

  // Groups j and j + 4 (K 4j.. and K 16 + 4j..) of the tile with its quants at q and its low quants at `low`, j = 0..3.
  static void codes(const uint8_t* q, const uint8_t* low, int j, Bytes& lo, Bytes& hi) {
    if constexpr (kCodes.bits < 4) {
      lo = pair_of_group(load_bytes(q), j);
      hi = pair_of_group(load_bytes(q + 64), j);
      if constexpr (kCodes.bits == 3) add_bits<2>(q + 128, j, lo, hi);
    } else {
      const Bytes both = load_bytes(q + 64 * j);
      lo = bits_to<0, 4, kLowBits>(both);
      hi = bits_to<4, 4, kLowBits>(both);
      if constexpr (kCodes.bits == 5) add_bits<4>(q + 256, j, lo, hi);
      if constexpr (kCodes.bits == 6) {
        lo = bitwise_or(lo, pair_of_group(load_bytes(low), j));
        hi = bitwise_or(hi, pair_of_group(load_bytes(low + 64), j));
      }
      if constexpr (kCodes.bits == 8) {
        const Bytes lows = load_bytes(low + 64 * j);
        lo = bitwise_or(lo, bits_to<0, 4, 0>(lows));
        hi = bitwise_or(hi, bits_to<4, 4, 0>(lows));
      }
      if constexpr (kCodes.codebook) {
        lo = look_up(lo, kCodebook);
        hi = look_up(hi, kCodebook);
      }
    }
  }

  // Of tile `tile` inside the scale block at s.
  static void scales(const uint8_t* s, int tile, Scales& out) {
    constexpr int kSubScales = kCodes.sub_scales, kSubBytes = 16 * kSubScales / 8;  // a tile
    const uint8_t* sub = s + (kMinimum ? 64 : 32) + kSubBytes * tile;
    out.scale = load_f16(s);
    if constexpr (kMinimum) out.minimum = load_f16(s + 32);
    if constexpr (kSubScales > 0) {
      const F32 d = out.scale, m = kMinimum ? out.minimum : splat(0);
      const auto scale = [&](const uint8_t* at) {
        return mul(d, kCodes.sub_nibbles ? load_nibbles<0>(at) : load_i8(at));
      };
      const auto minimum = [&](const uint8_t* at) {
        return mul(mul(m, kCodes.sub_nibbles ? load_nibbles<4>(at) : load_i8(at + 16 * kSubScales)),
                   splat(-1.0f));
      };
      out.scale = scale(sub);
      if constexpr (kHalves) out.second = scale(sub + 16);
      if constexpr (kMinimum) out.minimum = minimum(sub);
      if constexpr (kMinimum && kHalves) out.second_minimum = minimum(sub + 16);
    }
  }

  // 16 floats, one a row.
  static F32 weights(const uint8_t* p) {
    if constexpr (kType == DType::f16) return load_f16(p);
    if constexpr (kType == DType::bf16) return load_bf16(p);
    return load(reinterpret_cast<const float*>(p));
  }

 private:
  // Bits of groups j and j + 4 as bit kBit of the codes.
  template <int kBit>
  static void add_bits(const uint8_t* masks, int j, Bytes& lo, Bytes& hi) {
    lo = bitwise_or(lo, bits_at<kBit>(masks + 8 * j));
    hi = bitwise_or(hi, bits_at<kBit>(masks + 8 * (j + 4)));
  }

  static Bytes pair_of_group(Bytes pairs, int j) {
    switch (j) {
      case 0:
        return bits_to<0, 2, 0>(pairs);
      case 1:
        return bits_to<2, 2, 0>(pairs);
      case 2:
        return bits_to<4, 2, 0>(pairs);
      default:
        return bits_to<6, 2, 0>(pairs);
    }
  }
};

// Calls visit(FormatOf<dtype>{}).
template <int kFirst = 0, class Visit>
inline void dispatch_format(DType dtype, Visit visit) {
  constexpr int kCount = sizeof(kDTypes) / sizeof(kDTypes[0]);
  if constexpr (kFirst < kCount) {
    if (dtype == static_cast<DType>(kFirst)) return visit(FormatOf<static_cast<DType>(kFirst)>{});
    dispatch_format<kFirst + 1>(dtype, visit);
  }
}
