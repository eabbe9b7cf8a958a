using Cameo.Generator.Graphs;

namespace Cameo.Generator.Packing;

/// <summary>
/// Makes the reader of a weight's elements. Most transforms are computed while they are read; transposes, fine slices and panels need their input in memory and get it
/// there first. One evaluator serves one weight and gives that memory back when it is disposed of.
/// </summary>
internal sealed unsafe class WeightEvaluator(ITensorSource source, NativeBufferPool pool, CancellationToken cancellationToken) : IDisposable
{
    private const long BlockBytes = 2 * 1024 * 1024;

    private readonly List<NativeBuffer> _buffers = [];

    /// <summary>Whether tensors had to be brought into memory.</summary>
    public bool HoldsMemory => _buffers.Count > 0;

    public ElementReader Evaluate(WeightExpression expression) => Read(Normalize(expression));

    public void Dispose()
    {
        foreach (NativeBuffer buffer in _buffers)
        {
            pool.Return(buffer);
        }

        _buffers.Clear();
    }

    /// <summary>
    /// Moves conversions and scale factors below transposes, slices and reshapes, so that these can work as views of one copy in memory; and reshapes nothing that has
    /// one value everywhere.
    /// </summary>
    private static WeightExpression Normalize(WeightExpression expression) => expression switch
    {
        WeightReshape(WeightFill fill, var shape) => new WeightFill(fill.Element, fill.ElementType, shape),
        WeightReshape reshape => reshape with { Input = Normalize(reshape.Input) },
        WeightTranspose transpose => transpose with { Input = Normalize(transpose.Input) },
        WeightSlice slice => slice with { Input = Normalize(slice.Input) },
        WeightPanels panels => panels with { Input = Normalize(panels.Input) },
        WeightWords words => words with { Input = Normalize(words.Input) },
        WeightUnpack unpack => unpack with { Input = Normalize(unpack.Input) },
        WeightReinterpret reinterpret => reinterpret with { Input = Normalize(reinterpret.Input) },
        WeightOffset offset => Sink(Normalize(offset.Input), input => new WeightOffset(input, offset.Offset, offset.ElementType)),
        WeightConcatenation concatenation => concatenation with { Inputs = [.. concatenation.Inputs.Select(Normalize)] },
        WeightCast cast => Sink(Normalize(cast.Input), input => new WeightCast(input, cast.ElementType)),
        WeightScale scale => Sink(Normalize(scale.Input), input => new WeightScale(input, scale.Factor)),
        _ => expression,
    };

    private static WeightExpression Sink(WeightExpression input, Func<WeightExpression, WeightExpression> apply) => input switch
    {
        WeightReshape(var inner, var shape) => new WeightReshape(Sink(inner, apply), shape),
        WeightTranspose(var inner, var permutation) => new WeightTranspose(Sink(inner, apply), permutation),
        WeightSlice(var inner, var start, var step, var shape) => new WeightSlice(Sink(inner, apply), start, step, shape),
        _ => apply(input),
    };

    private ElementReader Read(WeightExpression expression)
    {
        switch (expression)
        {
            case WeightSource tensor when tensor.ElementType.Bits() >= 8 && Mapped(tensor) is { } memory:
                return new MemoryReader(memory, tensor.ElementType, tensor.Count);
            case WeightSource tensor when tensor.ElementType.Bits() < 8 && tensor.Count * tensor.ElementType.Bits() % 8 == 0 && Mapped(tensor) is { } packed:
                return new UnpackReader(new MemoryReader(packed, ElementType.UInt8, packed.Bytes), tensor.ElementType);
            case WeightSource tensor:
                return source.CanReadRanges(tensor.Tensor) ? new SourceReader(source, tensor) : ReadWhole(tensor);
            case WeightBytes bytes:
                return ReadBytes(bytes);
            case WeightFill fill:
                return new FillReader(fill.Element, fill.ElementType, fill.Count);
            case WeightReshape reshape:
                return Read(reshape.Input);
            case WeightCast cast:
                return cast.Input.ElementType == cast.ElementType ? Read(cast.Input) : new CastReader(Read(cast.Input), cast.ElementType);
            case WeightUnpack unpack:
                return new UnpackReader(Read(unpack.Input), unpack.ElementType);
            case WeightReinterpret reinterpret:
                return new ReinterpretReader(Read(reinterpret.Input), reinterpret.ElementType);
            case WeightOffset offset:
                return new OffsetReader(Read(offset.Input), offset.Offset, offset.ElementType);
            case WeightWords { Bits: 4 } words when Nibbles(words.Input, out int offset) is { } nibbles && NibbleReader.Applies(nibbles):
                return new NibbleReader(nibbles, offset, words.Width);
            case WeightWords words:
                return new WordReader(View(words.Input), words.Input.ElementType, words.Bits, words.Width);
            case WeightScale scale:
                return new ScaleReader(Read(scale.Input), scale.Factor);
            case WeightConcatenation concatenation:
                return new ConcatenationReader(concatenation, [.. concatenation.Inputs.Select(Read)]);
            case WeightSlice slice when slice.Input is not WeightTranspose && RunReader.Applies(slice):
                return new RunReader(slice, Read(slice.Input));
            case WeightSlice or WeightTranspose:
                return new ViewReader(View(expression), expression.ElementType);
            case WeightPanels panels:
                return new PanelReader(View(panels.Input), panels.ElementType, panels.Width);
            default:
                throw new PackingException($"The weight transform {expression.GetType().Name} is not known.");
        }
    }

    private NativeBuffer? Mapped(WeightSource tensor) => (source as IMappedTensorSource)?.TryMap(tensor.Tensor);

    /// <summary>A view of elements of 4 bits as they lie in memory, two to a byte: its offset and strides count elements. Null where they don't lie so.</summary>
    private StridedView? Nibbles(WeightExpression expression, out int offset)
    {
        offset = 0;
        switch (expression)
        {
            case WeightTranspose transpose:
                return Nibbles(transpose.Input, out offset)?.Transpose(transpose.Permutation);
            case WeightSlice slice:
                return Nibbles(slice.Input, out offset)?.Slice(slice.Start, slice.Step, slice.Shape);
            case WeightReshape reshape:
                return Nibbles(reshape.Input, out offset)?.TryReshape(reshape.Shape);
            case WeightOffset added:
                StridedView? view = Nibbles(added.Input, out int before);
                offset = before + added.Offset;
                return view;
            case WeightUnpack unpack when unpack.ElementType.Bits() == 4 && Read(unpack.Input) is MemoryReader bytes:
                return StridedView.Dense(bytes.Memory, unpack.Shape);
            case WeightSource tensor when tensor.ElementType.Bits() == 4 && Mapped(tensor) is { } memory:
                return StridedView.Dense(memory, tensor.Shape);
            default:
                return null;
        }
    }

    /// <summary>A view of the expression's elements in memory.</summary>
    private StridedView View(WeightExpression expression)
    {
        switch (expression)
        {
            case WeightTranspose transpose:
                return View(transpose.Input).Transpose(transpose.Permutation);
            case WeightSlice slice when slice.Input is WeightTranspose or WeightFill || !RunReader.Applies(slice):
                return View(slice.Input).Slice(slice.Start, slice.Step, slice.Shape);
            case WeightReshape reshape:
                StridedView input = View(reshape.Input);
                return input.TryReshape(reshape.Shape)
                    ?? StridedView.Dense(ToMemory(new ViewReader(input, reshape.ElementType)), reshape.Shape);
            case WeightFill fill:
                return new StridedView(ToMemory(new FillReader(fill.Element, fill.ElementType, 1)), 0, [.. fill.Shape], new long[fill.Shape.Count]);
            default:
                ElementReader elements = Read(expression);
                return StridedView.Dense(elements is MemoryReader { Memory: var memory } ? memory : ToMemory(elements), expression.Shape);
        }
    }

    /// <summary>Brings all elements into memory, several threads reading at once.</summary>
    private NativeBuffer ToMemory(ElementReader reader)
    {
        NativeBuffer buffer = Allocate(reader.Count * reader.ElementBytes);
        long blockElements = BlockBytes / reader.ElementBytes;
        long blocks = (reader.Count + blockElements - 1) / blockElements;
        void ReadBlock(long block)
        {
            long first = block * blockElements;
            reader.Read(first, Math.Min(blockElements, reader.Count - first), buffer.Pointer + (first * reader.ElementBytes));
        }

        if (blocks <= 1)
        {
            ReadBlock(0);
        }
        else
        {
            Parallel.For(0L, blocks, new ParallelOptions { CancellationToken = cancellationToken }, ReadBlock);
        }

        return buffer;
    }

    /// <summary>A tensor that can only be read from its front.</summary>
    private MemoryReader ReadWhole(WeightSource tensor)
    {
        NativeBuffer memory = Allocate(tensor.Count * tensor.ElementType.Bytes());
        using Stream stream = source.OpenRead(tensor.Tensor);
        SequentialTensorSource sequential = new(stream);
        new SourceReader(sequential, tensor).Read(0, tensor.Count, memory.Pointer);
        return new MemoryReader(memory, tensor.ElementType, tensor.Count);
    }

    private MemoryReader ReadBytes(WeightBytes bytes)
    {
        NativeBuffer memory = Allocate(bytes.Data.Length);
        bytes.Data.AsSpan().CopyTo(new Span<byte>(memory.Pointer, bytes.Data.Length));
        return new MemoryReader(memory, bytes.ElementType, bytes.Count);
    }

    private NativeBuffer Allocate(long bytes)
    {
        NativeBuffer buffer = pool.Rent(bytes);
        _buffers.Add(buffer);
        return buffer;
    }
}
