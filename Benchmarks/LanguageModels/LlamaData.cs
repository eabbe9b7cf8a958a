using System.Runtime.InteropServices;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>The tensors of a model as ONNX has them, all in one file, from which each spelling takes those it needs.</summary>
internal sealed class LlamaData
{
    private const int Float32 = 1;
    private const int UInt8 = 2;
    private const int Alignment = 4096;

    private readonly LlamaWeights _weights;
    private readonly List<StoredTensor> _tensors = [];
    private readonly Dictionary<string, StoredTensor> _byName = new(StringComparer.Ordinal);
    private long _position;

    /// <summary>Lists the tensors; nothing is made before <see cref="Write"/>.</summary>
    public LlamaData(LlamaWeights weights, bool fourBits)
    {
        (_weights, FourBits) = (weights, fourBits);
        LlamaConfiguration shape = weights.Configuration;
        (float[] cosines, float[] sines) = shape.RotaryTables();
        int half = shape.HeadSize / 2;
        AddTable("cos_cache", cosines, half);
        AddTable("sin_cache", sines, half);
        AddTable("cos_twice", Twice(cosines, half), shape.HeadSize);
        AddTable("sin_twice", Twice(sines, half), shape.HeadSize);
        AddRows("embed", weights.Embedding);
        AddNorm("norm");
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            AddNorm($"{layer}.norm1");
            AddNorm($"{layer}.norm2");
            AddLinear($"{layer}.query_key_value", weights.Query(layer), weights.Key(layer), weights.Value(layer));
            if (!fourBits)
            {
                AddLinear($"{layer}.query", weights.Query(layer));
                AddLinear($"{layer}.key", weights.Key(layer));
                AddLinear($"{layer}.value", weights.Value(layer));
            }

            AddLinear($"{layer}.output", weights.Output(layer));
            AddLinear($"{layer}.gate", weights.Gate(layer));
            AddLinear($"{layer}.up", weights.Up(layer));
            AddLinear($"{layer}.down", weights.Down(layer));
        }

        AddLinear("head", weights.Embedding);
    }

    /// <summary>Whether linear layers have 4-bit weights.</summary>
    public bool FourBits { get; }

    public LlamaConfiguration Configuration => _weights.Configuration;

    public StoredTensor this[string name] => _byName[name];

    /// <summary>Writes the file.</summary>
    public void Write(string path)
    {
        using FileStream file = File.Create(path);
        foreach (StoredTensor tensor in _tensors)
        {
            RowWriter.Align(file, Alignment);
            tensor.Write(file);
            if (file.Position != tensor.Offset + tensor.Bytes)
            {
                throw new InvalidOperationException($"The tensor '{tensor.Name}' has {file.Position - tensor.Offset} bytes instead of {tensor.Bytes}.");
            }
        }
    }

    private static float[] Twice(float[] table, int columns)
    {
        var result = new float[table.Length * 2];
        for (int row = 0; row < table.Length / columns; row++)
        {
            ReadOnlySpan<float> values = table.AsSpan(row * columns, columns);
            values.CopyTo(result.AsSpan(row * 2 * columns));
            values.CopyTo(result.AsSpan(((row * 2) + 1) * columns));
        }

        return result;
    }

    private void AddTable(string name, float[] values, int columns) =>
        Add(name, Float32, [values.Length / columns, columns], values.Length * (long)sizeof(float), file => file.Write(MemoryMarshal.AsBytes<float>(values)));

    private void AddNorm(string name) =>
        Add(name, Float32, [Configuration.Hidden], Configuration.Hidden * (long)sizeof(float), file => file.Write(MemoryMarshal.AsBytes<float>(_weights.Norm(name))));

    private void AddRows(string name, LlamaMatrix matrix)
    {
        int rowBytes = matrix.Columns * sizeof(float);
        Add(name, Float32, [matrix.Rows, matrix.Columns], (long)matrix.Rows * rowBytes, file => RowWriter.Write(
            file, matrix.Rows, rowBytes, (row, bytes) => _weights.Row(matrix, row, MemoryMarshal.Cast<byte, float>(bytes))));
    }

    /// <summary>Matrices one below the other: [inputs, outputs] as MatMul multiplies by, or MatMulNBits' rows of blocks and their scales.</summary>
    private void AddLinear(string name, params LlamaMatrix[] parts)
    {
        int rows = parts.Sum(static part => part.Rows), columns = parts[0].Columns;
        if (!FourBits)
        {
            Add(name, Float32, [columns, rows], (long)rows * columns * sizeof(float), file => WriteTransposed(file, parts, rows, columns));
            return;
        }

        int blocks = columns / FourBitRow.BlockSize;
        Add(name + ".numbers", UInt8, [rows, blocks, FourBitRow.BlockSize / 2], (long)rows * columns / 2, file => RowWriter.Write(file, rows, columns / 2, (row, bytes) =>
        {
            var numbers = new byte[columns];
            Quantize(parts, row, numbers, new Half[blocks]);
            for (int index = 0; index < bytes.Length; index++)
            {
                bytes[index] = (byte)(numbers[2 * index] | (numbers[(2 * index) + 1] << 4));
            }
        }));
        Add(name + ".scales", Float32, [rows * (long)blocks], (long)rows * blocks * sizeof(float), file => RowWriter.Write(file, rows, blocks * sizeof(float), (row, bytes) =>
        {
            var scales = new Half[blocks];
            Quantize(parts, row, new byte[columns], scales);
            Span<float> destination = MemoryMarshal.Cast<byte, float>(bytes);
            for (int block = 0; block < blocks; block++)
            {
                destination[block] = (float)scales[block];
            }
        }));
    }

    private void Quantize(LlamaMatrix[] parts, int row, Span<byte> numbers, Span<Half> scales)
    {
        var values = new float[parts[0].Columns];
        Row(parts, row, values);
        FourBitRow.Quantize(values, numbers, scales);
    }

    private void Row(LlamaMatrix[] parts, int row, Span<float> destination)
    {
        int part = 0;
        while (row >= parts[part].Rows)
        {
            row -= parts[part++].Rows;
        }

        _weights.Row(parts[part], row, destination);
    }

    private void WriteTransposed(Stream file, LlamaMatrix[] parts, int rows, int columns)
    {
        var values = new float[(long)rows * columns];
        Parallel.For(0, rows, row => Row(parts, row, values.AsSpan(row * columns, columns)));
        RowWriter.Write(file, columns, rows * sizeof(float), (column, bytes) =>
        {
            Span<float> destination = MemoryMarshal.Cast<byte, float>(bytes);
            for (int row = 0; row < destination.Length; row++)
            {
                destination[row] = values[((long)row * columns) + column];
            }
        });
    }

    private void Add(string name, int elementType, long[] shape, long bytes, Action<Stream> write)
    {
        _position = (_position + Alignment - 1) & -Alignment;
        var tensor = new StoredTensor(name, elementType, shape, bytes, write) { Offset = _position };
        _position += bytes;
        _tensors.Add(tensor);
        _byName.Add(name, tensor);
    }
}
