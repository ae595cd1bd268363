// The generic part of a set's KernelTable. Included last, inside the namespace of a set.

constexpr KernelTable generic_table(const char* name) {
  return {.name = name,
          .quantize_row = quantize_row,
          .round_row_bf16 = round_row_bf16,
          .linear = linear,
          .linear_bf16 = nullptr,
          .rms_norm = rms_norm,
          .swiglu = swiglu,
          .geglu = geglu,
          .add = add_rows,
          .store_f16 = store_f16_row,
          .attend = attend,
          .attend_merge = attend_merge};
}
