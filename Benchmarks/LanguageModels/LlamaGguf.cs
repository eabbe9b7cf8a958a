using System.Runtime.InteropServices;
using System.Text;

namespace Cameo.Benchmarks.LanguageModels;

/// <summary>Writes the same weights as a GGUF file for llama.cpp, following the published description of the format (version 3).</summary>
internal static class LlamaGguf
{
    private const int Alignment = 32;
    private const uint UInt32Type = 4;
    private const uint Int32Type = 5;
    private const uint Float32Type = 6;
    private const uint StringType = 8;
    private const uint ArrayType = 9;

    // Numbers of tensor formats.
    private const uint Float32 = 0;
    private const uint Float16 = 1;
    private const uint FourBits = 2;

    public static void Write(LlamaWeights weights, bool fourBits, string path)
    {
        LlamaConfiguration shape = weights.Configuration;
        List<GgufTensor> tensors = List(weights, fourBits);
        using FileStream file = File.Create(path);
        using var writer = new BinaryWriter(file);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        byte[] metadata = Metadata(shape, fourBits, out ulong count);
        writer.Write(count);
        writer.Write(metadata);
        long offset = 0;
        foreach (GgufTensor tensor in tensors)
        {
            Text(writer, tensor.Name);
            writer.Write(tensor.Rows == 0 ? 1u : 2u);
            writer.Write((ulong)tensor.Columns);
            if (tensor.Rows > 0)
            {
                writer.Write((ulong)tensor.Rows);
            }

            writer.Write(tensor.Format);
            writer.Write((ulong)offset);
            offset += (tensor.Bytes + Alignment - 1) & -Alignment;
        }

        foreach (GgufTensor tensor in tensors)
        {
            RowWriter.Align(file, Alignment);
            RowWriter.Write(file, Math.Max(1, tensor.Rows), tensor.RowBytes, tensor.Make);
        }

        RowWriter.Align(file, Alignment);
    }

    private static byte[] Metadata(LlamaConfiguration shape, bool fourBits, out ulong count)
    {
        using var memory = new MemoryStream();
        using var writer = new BinaryWriter(memory);
        ulong entries = 0;
        void key(string name, uint type)
        {
            entries++;
            Text(writer, name);
            writer.Write(type);
        }

        void text(string name, string value)
        {
            key(name, StringType);
            Text(writer, value);
        }

        void number(string name, int value)
        {
            key(name, UInt32Type);
            writer.Write((uint)value);
        }

        void real(string name, float value)
        {
            key(name, Float32Type);
            writer.Write(value);
        }

        void array(string name, uint type, Action<int> write)
        {
            key(name, ArrayType);
            writer.Write(type);
            writer.Write((ulong)shape.Vocabulary);
            for (int index = 0; index < shape.Vocabulary; index++)
            {
                write(index);
            }
        }

        text("general.architecture", "llama");
        text("general.name", shape.Name);
        number("general.file_type", (int)(fourBits ? FourBits : Float32));
        number("general.quantization_version", 2);
        number("llama.context_length", shape.Positions);
        number("llama.embedding_length", shape.Hidden);
        number("llama.block_count", shape.Layers);
        number("llama.feed_forward_length", shape.FeedForward);
        number("llama.attention.head_count", shape.Heads);
        number("llama.attention.head_count_kv", shape.KeyValueHeads);
        number("llama.attention.key_length", shape.HeadSize);
        number("llama.attention.value_length", shape.HeadSize);
        number("llama.rope.dimension_count", shape.HeadSize);
        number("llama.vocab_size", shape.Vocabulary);
        real("llama.attention.layer_norm_rms_epsilon", shape.Epsilon);
        real("llama.rope.freq_base", (float)shape.Theta);

        // A vocabulary is asked for, but never used: tokens go in as numbers.
        text("tokenizer.ggml.model", "llama");
        array("tokenizer.ggml.tokens", StringType, index => Text(writer, index switch { 0 => "<unk>", 1 => "<s>", 2 => "</s>", < 259 => $"<0x{index - 3:X2}>", _ => $"token{index}" }));
        array("tokenizer.ggml.scores", Float32Type, index => writer.Write(index < 259 ? 0f : -index));
        array("tokenizer.ggml.token_type", Int32Type, index => writer.Write(index switch { 0 => 2, < 3 => 3, < 259 => 6, _ => 1 }));
        number("tokenizer.ggml.bos_token_id", 1);
        number("tokenizer.ggml.eos_token_id", 2);
        number("tokenizer.ggml.unknown_token_id", 0);
        count = entries;
        writer.Flush();
        return memory.ToArray();
    }

    private static List<GgufTensor> List(LlamaWeights weights, bool fourBits)
    {
        LlamaConfiguration shape = weights.Configuration;
        uint linear = fourBits ? FourBits : Float32;
        var tensors = new List<GgufTensor> { Matrix("token_embd.weight", weights, weights.Embedding, fourBits ? Float16 : Float32) };
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string block = $"blk.{layer}.";
            tensors.Add(Vector(block + "attn_norm.weight", weights.Norm($"{layer}.norm1")));
            tensors.Add(Vector(block + "ffn_norm.weight", weights.Norm($"{layer}.norm2")));

            // The two halves of a head that are rotated against each other are neighbours in this format.
            tensors.Add(Matrix(block + "attn_q.weight", weights, weights.Query(layer), linear, shape.HeadSize));
            tensors.Add(Matrix(block + "attn_k.weight", weights, weights.Key(layer), linear, shape.HeadSize));
            tensors.Add(Matrix(block + "attn_v.weight", weights, weights.Value(layer), linear));
            tensors.Add(Matrix(block + "attn_output.weight", weights, weights.Output(layer), linear));
            tensors.Add(Matrix(block + "ffn_gate.weight", weights, weights.Gate(layer), linear));
            tensors.Add(Matrix(block + "ffn_up.weight", weights, weights.Up(layer), linear));
            tensors.Add(Matrix(block + "ffn_down.weight", weights, weights.Down(layer), linear));
        }

        tensors.Add(Vector("output_norm.weight", weights.Norm("norm")));
        if (fourBits)
        {
            tensors.Add(Matrix("output.weight", weights, weights.Embedding, linear));
        }

        return tensors;
    }

    private static GgufTensor Vector(string name, float[] values) =>
        new(name, Float32, 0, values.Length, values.Length * sizeof(float), (_, bytes) => MemoryMarshal.AsBytes<float>(values).CopyTo(bytes));

    // Where a head size is given, rows of each head are reordered: i and i + half next to each other.
    private static GgufTensor Matrix(string name, LlamaWeights weights, LlamaMatrix matrix, uint format, int headSize = 0)
    {
        int rowBytes = format switch { Float32 => matrix.Columns * sizeof(float), Float16 => matrix.Columns * 2, _ => matrix.Columns / FourBitRow.BlockSize * 18 };
        return new(name, format, matrix.Rows, matrix.Columns, rowBytes, (row, bytes) =>
        {
            if (headSize > 0)
            {
                int inHead = row % headSize;
                row = row - inHead + (inHead / 2) + (inHead % 2 * headSize / 2);
            }

            var values = new float[matrix.Columns];
            weights.Row(matrix, row, values);
            Store(values, format, bytes);
        });
    }

    private static void Store(float[] values, uint format, Span<byte> bytes)
    {
        switch (format)
        {
            case Float32:
                MemoryMarshal.AsBytes<float>(values).CopyTo(bytes);
                break;
            case Float16:
                Span<Half> halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int index = 0; index < values.Length; index++)
                {
                    halves[index] = (Half)values[index];
                }

                break;
            default:
                StoreFourBits(values, bytes);
                break;
        }
    }

    /// <summary>Blocks of a scale and 16 bytes, each with an element of the first half of the block and one of the second.</summary>
    private static void StoreFourBits(float[] values, Span<byte> bytes)
    {
        var numbers = new byte[values.Length];
        var scales = new Half[values.Length / FourBitRow.BlockSize];
        FourBitRow.Quantize(values, numbers, scales);
        const int half = FourBitRow.BlockSize / 2;
        for (int block = 0; block < scales.Length; block++)
        {
            Span<byte> destination = bytes.Slice(block * (half + 2), half + 2);
            MemoryMarshal.Write(destination, in scales[block]);
            ReadOnlySpan<byte> elements = numbers.AsSpan(block * FourBitRow.BlockSize);
            for (int index = 0; index < half; index++)
            {
                destination[2 + index] = (byte)(elements[index] | (elements[half + index] << 4));
            }
        }
    }

    private static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    // A vector has no rows.
    private sealed record GgufTensor(string Name, uint Format, int Rows, int Columns, int RowBytes, RowWriter.MakeRow Make)
    {
        public long Bytes => (long)Math.Max(1, Rows) * RowBytes;
    }
}
