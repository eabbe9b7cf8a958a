namespace Cameo.Benchmarks.LanguageModels;

/// <summary>Writes files of rows that are made on all cores, a few at a time.</summary>
internal static class RowWriter
{
    private const int ChunkBytes = 32 << 20;

    /// <summary>Makes one row.</summary>
    public delegate void MakeRow(int row, Span<byte> destination);

    public static void Write(Stream file, int rows, int rowBytes, MakeRow make)
    {
        int chunk = Math.Clamp(ChunkBytes / rowBytes, 1, rows);
        var buffer = new byte[chunk * rowBytes];
        for (int first = 0; first < rows; first += chunk)
        {
            int count = Math.Min(chunk, rows - first);
            int begin = first;
            Parallel.For(0, count, index => make(begin + index, buffer.AsSpan(index * rowBytes, rowBytes)));
            file.Write(buffer, 0, count * rowBytes);
        }
    }

    /// <summary>Zeros up to a multiple of <paramref name="alignment"/>.</summary>
    public static void Align(Stream file, int alignment)
    {
        long padding = -file.Position & (alignment - 1);
        file.Write(new byte[padding]);
    }
}
