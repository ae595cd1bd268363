// PackedWeights: the packed matrices of one model by name, and their copy on disk, from which the next load reads them
// instead of packing the model file again.
//
// The copy is a text line, a JSON header of fixed place, and the panels as they lie in memory:
//   "understudy packed weights N\n"  N: kPackedLayoutVersion
//   u64 header bytes | header, padded to 4,096 bytes from the file's beginning | matrices, each 64-byte aligned
//   header = {"source": text, "bytes": of the matrices, "sha256": of the matrices, "matrices": [{"name", "dtype",
//   "rows", "k", "offset"}, …]}
// Numbers are little-endian. Reading checks the header, every size and place, and what the copy was made from; it does
// not hash the matrices (verify does). The copy is our own file (mode 0600) in the user's folder.
//
// Not thread-safe; the matrices that it gives out outlive it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "tensor/packed_matrix.h"

namespace understudy {

class PackedWeights {
 public:
  // How the panels of a copy reach memory: into huge pages of our own, by all threads, before read() returns; the same by one
  // thread, while the mapped file is used already (huge_file.h); or by mapping the file, which processes then share (4K
  // pages: 10 to 35 % less bandwidth).
  enum class Access { read, read_later, map };

  // Nothing is packed yet.
  PackedWeights();

  // The copy at `path`. Errors: not_found; corrupt (not such a file, another layout, made from something else than
  // `source`, sizes that do not fit the file); io.
  static Result<PackedWeights> read(const std::string& path, const std::string& source, Access access,
                                    ThreadPool& pool);

  // The matrix `name` if the copy has it in this shape, else packed from `file` (see PackedMatrix::pack) and remembered.
  PackedMatrix get(const std::string& name, DType dtype, int rows, int k, std::span<const std::byte> file,
                   ThreadPool& pool);

  // Whether get() had to pack something: the copy, if there is one, is not whole.
  bool packed_anything() const { return packed_anything_; }

  // Writes all matrices that get() gave out so far; replaces the file as a whole (replace_file). Error{io}.
  Status write(const std::string& path, const std::string& source) const;

  // Reads the copy once and compares its checksum. Errors: those of read(); corrupt.
  static Status verify(const std::string& path);

 private:
  std::shared_ptr<Arena> arena_;  // of what get() packs
  std::map<std::string, PackedMatrix, std::less<>> copy_;
  std::vector<std::pair<std::string, PackedMatrix>> used_;
  bool packed_anything_ = false;
};

}  // namespace understudy
