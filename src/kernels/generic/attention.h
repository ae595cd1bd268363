// Softmax attention over one block of kKeyBlock keys for up to kAttendRows query rows that share a KV head.
// Included inside the namespace of a set.
//
// Keys lie (D, 16) a page, so that 16 scores are 16 lanes and no sum runs across lanes; scores add in
// ascending D, values in ascending key. A row's bits do not depend on which rows share the block.

inline const uint8_t* page_part(const KeyBlock& keys, int page, size_t offset) {
  return reinterpret_cast<const uint8_t*>(keys.pages[page]) + offset;
}

// Keys or values of a page part as f32: 16 of them from element `at`.
template <bool kInt8>
inline F32 load_kv(const uint8_t* part, int at) {
  if constexpr (kInt8) return load_i8(part + at);
  return load_f16(part + 2 * at);
}

// Scales of group `group` for the 16 keys of an int8 page part.
inline F32 load_scales(const uint8_t* part, int d, int group) {
  return load_f16(part + d * kPageKeys + 2 * kPageKeys * group);
}

// Sums that scores keep at once: as many as hide the latency of a multiply-add (4 cycles, two a cycle), where the
// registers hold them.
inline constexpr int kScoreSums = kMaxRows >= 8 ? 8 : 4;

// Calls body(std::integral_constant<int, rows>) for rows in 1..kAttendRows.
template <int kRows = kAttendRows, class Body>
inline void with_rows(int rows, Body body) {
  if constexpr (kRows > 1) {
    if (rows < kRows) return with_rows<kRows - 1>(rows, body);
  }
  body(std::integral_constant<int, kRows>{});
}

// The part of a page that will be read next. Parts of neighbouring pages lie far from each other (all layers and heads of a
// page lie together), so the hardware's prefetchers begin anew in each.
inline constexpr int kPagesAhead = 4;
inline const uint8_t* part_ahead(const KeyBlock& keys, int page, int last, size_t offset) {
  return page_part(keys, page < last ? page : last - 1, offset);
}

// What is read kPagesAhead after the keys of `page`: keys, and behind those of the last page values from page `first` on.
inline const uint8_t* keys_ahead(const KeyBlock& keys, int page, int first, int last) {
  const int ahead = page + kPagesAhead;
  return ahead < last ? page_part(keys, ahead, keys.k_offset)
                      : part_ahead(keys, first + ahead - last, last, keys.v_offset);
}

// scores[row][key - block start] of all kRows rows for kPages pages from `page`, of pages [first_page, last).
template <bool kInt8, int kRows, int kPages>
inline void score_some_pages(const AttendArgs& args, int page, int first_page, int last,
                             float (*scores)[kKeyBlock]) {
  const int group = kInt8 ? kKvGroup : args.d;
  constexpr int kNumber = kInt8 ? 1 : 2, kLineRows = 64 / (kPageKeys * kNumber);  // rows of D in a cache line
  const uint8_t *keys[kPages], *ahead[kPages];
  F32 score[kPages][kRows];
  for (int p = 0; p < kPages; p++) {
    keys[p] = page_part(args, page + p, args.k_offset);
    ahead[p] = keys_ahead(args, page + p, first_page, last);
    for (int r = 0; r < kRows; r++) score[p][r] = splat(0);
  }
  for (int first = 0; first < args.d; first += group) {
    F32 acc[kPages][kRows];
    for (int p = 0; p < kPages; p++)
      for (int r = 0; r < kRows; r++) acc[p][r] = splat(0);
    for (int d = first; d < first + group && d < args.d; d++) {
      for (int p = 0; p < kPages; p++) {
        if (d % kLineRows == 0) __builtin_prefetch(ahead[p] + kPageKeys * kNumber * d);
        const F32 key = load_kv<kInt8>(keys[p], kPageKeys * d);
        for (int r = 0; r < kRows; r++) acc[p][r] = fma(splat(args.q[r][d]), key, acc[p][r]);
      }
    }
    for (int p = 0; p < kPages; p++) {
      for (int r = 0; r < kRows; r++) {
        if constexpr (kInt8) acc[p][r] = mul(acc[p][r], load_scales(keys[p], args.d, first / kKvGroup));
        score[p][r] = first == 0 ? acc[p][r] : add(score[p][r], acc[p][r]);
      }
    }
  }
  const int at = page * kPageKeys - args.block * kKeyBlock;
  for (int p = 0; p < kPages; p++)
    for (int r = 0; r < kRows; r++) store(scores[r] + at + kPageKeys * p, score[p][r]);
}

// The same for the pages that hold keys [begin, end).
template <bool kInt8, int kRows>
inline void score_pages(const AttendArgs& args, int begin, int end, float (*scores)[kKeyBlock]) {
  constexpr int kPages = kScoreSums / kRows;
  const int last = (end + kPageKeys - 1) / kPageKeys;
  const int first = begin / kPageKeys;
  int page = first;
  for (; page + kPages <= last; page += kPages)
    score_some_pages<kInt8, kRows, kPages>(args, page, first, last, scores);
  for (; page < last; page++) score_some_pages<kInt8, kRows, 1>(args, page, first, last, scores);
}

// Scores of a row -> weights exp(score - max), 0 outside [begin, end); returns the sum and sets the maximum.
inline float soften(float* scores, int begin, int end, float* largest) {
  const float kHidden = -__builtin_inff();
  F32 top = splat(kHidden);
  for (int i = begin / 16 * 16; i < end; i += 16) {
    F32 s = keep_lanes(load(scores + i), begin > i ? begin - i : 0, end - i < 16 ? end - i : 16, kHidden);
    store(scores + i, s);
    top = max(top, s);
  }
  *largest = reduce_max(top);
  F32 sum = splat(0);
  for (int i = begin / 16 * 16; i < end; i += 16) {
    F32 p = exp_lanes(sub(load(scores + i), splat(*largest)));
    p = keep_lanes(p, begin > i ? begin - i : 0, end - i < 16 ? end - i : 16, 0.0f);
    store(scores + i, p);
    sum = add(sum, p);
  }
  return reduce_add(sum);
}

// out[row .. row + kRows)[d .. d + 16 kVectors) += sum over keys [begin, end) of weight * value, in ascending
// key.
template <bool kInt8, int kRows, int kVectors>
inline void add_values(const AttendArgs& args, int row, int d, int begin, int end,
                       float (*weights)[kKeyBlock]) {
  const int base = args.block * kKeyBlock;
  F32 acc[kRows][kVectors];
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < kVectors; v++) acc[r][v] = load(args.out + (row + r) * args.d + d + 16 * v);
  }
  constexpr int kNumber = kInt8 ? 1 : 2;
  const int last = (end + kPageKeys - 1) / kPageKeys;
  const float* weight = weights[0] + begin - base;  // of row 0; the others' lie kKeyBlock apart
  for (int key = begin; key < end;) {
    const int page = key / kPageKeys, in_page = key % kPageKeys;
    const int stop = end < (page + 1) * kPageKeys ? end : (page + 1) * kPageKeys;
    const ptrdiff_t at = (in_page * args.d + d) * kNumber;
    const uint8_t* value = page_part(args, page, args.v_offset) + at;
    const uint8_t* ahead = part_ahead(args, page + kPagesAhead, last, args.v_offset) + at;
    for (; key < stop; key++, weight++, value += args.d * kNumber, ahead += args.d * kNumber) {
      for (int byte = 0; byte < 16 * kVectors * kNumber; byte += 64) __builtin_prefetch(ahead + byte);
      for (int v = 0; v < kVectors; v++) {
        const F32 numbers = load_kv<kInt8>(value, 16 * v);
        for (int r = 0; r < kRows; r++) acc[r][v] = fma(splat(weight[r * kKeyBlock]), numbers, acc[r][v]);
      }
    }
  }
  for (int r = 0; r < kRows; r++) {
    for (int v = 0; v < kVectors; v++) store(args.out + (row + r) * args.d + d + 16 * v, acc[r][v]);
  }
}

// scaled = weight * the key's scale of group `group`. Whole pages: what lies beyond [begin, end) is not used.
template <int kRows>
inline void scale_weights(const AttendArgs& args, int group, int begin, int end, float (*weights)[kKeyBlock],
                          float (*scaled)[kKeyBlock]) {
  for (int page = begin / kPageKeys; page * kPageKeys < end; page++) {
    const F32 scales = load_scales(page_part(args, page, args.v_offset), args.d, group);
    const int at = page * kPageKeys - args.block * kKeyBlock;
    for (int r = 0; r < kRows; r++) store(scaled[r] + at, mul(load(weights[r] + at), scales));
  }
}

template <bool kInt8, int kRows>
inline void add_all_values(const AttendArgs& args, int row, int begin, int end, float (*weights)[kKeyBlock]) {
  if (begin >= end) return;
  // Values of 16 numbers at once: as many as have their sums in registers. Of 16 registers a sum takes two.
  constexpr int kVectors = kMaxRows >= 8 || kRows == 1 ? 4 : kRows == 4 ? 1 : 2;
  const auto add = [&]<int kAtOnce>(int first, int last, float(*by)[kKeyBlock]) {
    int d = first;
    for (; d + 16 * kAtOnce <= last; d += 16 * kAtOnce)
      add_values<kInt8, kRows, kAtOnce>(args, row, d, begin, end, by);
    for (; d < last; d += 16) add_values<kInt8, kRows, 1>(args, row, d, begin, end, by);
  };
  if constexpr (kInt8) {
    alignas(64) float scaled[kRows][kKeyBlock];
    for (int d = 0; d < args.d; d += kKvGroup) {
      scale_weights<kRows>(args, d / kKvGroup, begin, end, weights + row, scaled);
      const int last = d + kKvGroup < args.d ? d + kKvGroup : args.d;
      add.template operator()<(kVectors < 2 ? 1 : 2)>(d, last, scaled);
    }
  } else {
    add.template operator()<kVectors>(0, args.d, weights + row);
  }
}

template <bool kInt8>
inline void attend_pages(const AttendArgs& args) {
  alignas(64) float weights[kAttendRows][kKeyBlock];
  const int base = args.block * kKeyBlock;
  int begin[kAttendRows], end[kAttendRows];
  int all_begin = base + kKeyBlock, all_end = base, shared_begin = base, shared_end = base + kKeyBlock;
  for (int r = 0; r < args.rows; r++) {
    begin[r] = args.first[r] > base ? args.first[r] : base;
    end[r] = args.last[r] < base + kKeyBlock ? args.last[r] : base + kKeyBlock;
    if (end[r] < begin[r]) end[r] = begin[r];
    if (end[r] > begin[r]) {
      all_begin = begin[r] < all_begin ? begin[r] : all_begin;
      all_end = end[r] > all_end ? end[r] : all_end;
    }
    shared_begin = begin[r] > shared_begin ? begin[r] : shared_begin;
    shared_end = end[r] < shared_end ? end[r] : shared_end;
    for (int d = 0; d < args.d; d++) args.out[r * args.d + d] = 0;
  }
  if (all_begin < all_end) {
    with_rows(args.rows, [&](auto rows) { score_pages<kInt8, rows>(args, all_begin, all_end, weights); });
  }
  for (int r = 0; r < args.rows; r++) {
    args.max[r] = -__builtin_inff();
    args.sum[r] = begin[r] < end[r] ? soften(weights[r], begin[r] - base, end[r] - base, &args.max[r]) : 0.0f;
  }
  // Keys that all rows see are read once for all; each row takes what lies before and after them by itself,
  // so that it never touches a value it may not see.
  const bool share = shared_begin < shared_end;
  for (int r = 0; r < args.rows; r++)
    add_all_values<kInt8, 1>(args, r, begin[r], share ? shared_begin : end[r], weights);
  if (share) {
    with_rows(args.rows,
              [&](auto rows) { add_all_values<kInt8, rows>(args, 0, shared_begin, shared_end, weights); });
    for (int r = 0; r < args.rows; r++) add_all_values<kInt8, 1>(args, r, shared_end, end[r], weights);
  }
}

void attend(const AttendArgs& args) { args.int8 ? attend_pages<true>(args) : attend_pages<false>(args); }

void attend_merge(float block_max, float block_sum, const float* block_out, int d, float* largest, float* sum,
                  float* out) {
  if (block_sum == 0) return;
  float top = *largest > block_max ? *largest : block_max;
  alignas(64) float powers[16] = {};
  powers[0] = *largest - top;
  powers[1] = block_max - top;
  store(powers, exp_lanes(load(powers)));
  float old_weight = *sum == 0 ? 0.0f : powers[0], new_weight = powers[1];
  for (int i = 0; i < d; i += 16) {
    store(out + i, fma(load(block_out + i), splat(new_weight), mul(load(out + i), splat(old_weight))));
  }
  *sum = *sum * old_weight + block_sum * new_weight;
  *largest = top;
}
