using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>Makes outputs of sums: divides weighted values, adds up partial results, fills rows that saw no key.</summary>
internal readonly unsafe struct AttentionResults<V>
    where V : struct, IVector<V>
{
    private readonly AttentionArguments _arguments;
    private readonly AttentionShape _shape;
    private readonly float* _valueTile;

    public AttentionResults(in AttentionArguments arguments, in AttentionShape shape, float* valueTile)
    {
        _arguments = arguments;
        _shape = shape;
        _valueTile = valueTile;
    }

    /// <summary>Writes the output of a row: its weighted values divided by the sum of its weights.</summary>
    public void Store(nint batch, nint keyHead, nint query, nint member, float* source, float maximum, float sum)
    {
        nint head = (keyHead * _shape.Group) + member;
        void* output = Output(batch, head, query);
        float* target = Target(source, output);
        if (sum == 0)
        {
            bool isZero = _arguments.Sinks != null || IsPadding(batch, query);
            StoreUnseen(batch, keyHead, target, isZero ? FullyMaskedRows.Zero : _arguments.FullyMasked);
        }
        else
        {
            StoreScaled(source, target, Factor(head, maximum, sum));
        }

        Narrow(target, output);
    }

    /// <summary>Writes the output of a row whose values are weighted by what is final.</summary>
    public void Store(nint batch, nint keyHead, nint query, nint member, float* source)
    {
        void* output = Output(batch, (keyHead * _shape.Group) + member, query);
        float* target = Target(source, output);
        StoreScaled(source, target, 1);
        Narrow(target, output);
    }

    /// <summary>Adds up the partial results [chunks, rows] of all rows of a key head, chunk after chunk, and writes the output.</summary>
    /// <param name="batch">Row of the batch.</param>
    /// <param name="keyHead">Key head.</param>
    /// <param name="partials">Partial results.</param>
    /// <param name="chunks">Number of chunks.</param>
    /// <param name="isFinal">Whether values are weighted by what is final, instead of relative to each chunk's maximum.</param>
    /// <param name="output">Memory for a row's sums.</param>
    public void Combine(nint batch, nint keyHead, float* partials, nint chunks, bool isFinal, float* output)
    {
        for (nint row = 0; row < _shape.Rows; row++)
        {
            (nint query, nint member) = Math.DivRem(row, _shape.Group);
            float* partial = partials + (row * _shape.PartialStride);
            new Span<float>(output, (int)_shape.PaddedValue).Clear();
            if (isFinal)
            {
                for (nint chunk = 0; chunk < chunks; chunk++)
                {
                    AddScaled(output, partial + (chunk * ChunkStride) + AttentionShape.PartialHeader, 1);
                }

                Store(batch, keyHead, query, member, output);
                continue;
            }

            float maximum = Maximum(partial, chunks);
            float sum = 0;
            for (nint chunk = 0; chunk < chunks && maximum != float.NegativeInfinity; chunk++)
            {
                float* source = partial + (chunk * ChunkStride);
                float weight = AttentionSoftmax.Exponential(source[0] - maximum);
                sum += source[1] * weight;
                AddScaled(output, source + AttentionShape.PartialHeader, weight);
            }

            Store(batch, keyHead, query, member, output, maximum, sum);
        }
    }

    /// <summary>Maximum and sum of a row over all chunks of keys.</summary>
    /// <param name="partial">The row's partial result of the first chunk.</param>
    /// <param name="chunks">Number of chunks.</param>
    /// <param name="maximum">Receives the largest score.</param>
    /// <param name="sum">Receives the sum of exponentials relative to it.</param>
    public void Total(float* partial, nint chunks, out float maximum, out float sum)
    {
        maximum = Maximum(partial, chunks);
        sum = 0;
        for (nint chunk = 0; chunk < chunks && maximum != float.NegativeInfinity; chunk++)
        {
            float* source = partial + (chunk * ChunkStride);
            sum += source[1] * AttentionSoftmax.Exponential(source[0] - maximum);
        }
    }

    /// <summary>Lets a head's sink, if there are any, join a row's sum as one more score would.</summary>
    public void AddSink(nint head, ref float maximum, ref float sum)
    {
        if (_arguments.Sinks != null)
        {
            float sink = _arguments.Sinks[head];
            float largest = MathF.Max(maximum, sink);
            sum = (sum * AttentionSoftmax.Exponential(maximum - largest)) + AttentionSoftmax.Exponential(sink - largest);
            maximum = largest;
        }
    }

    private nint ChunkStride => _shape.Rows * _shape.PartialStride;

    private float Maximum(float* partial, nint chunks)
    {
        float maximum = float.NegativeInfinity;
        for (nint chunk = 0; chunk < chunks; chunk++)
        {
            maximum = MathF.Max(maximum, partial[chunk * ChunkStride]);
        }

        return maximum;
    }

    private void* Output(nint batch, nint head, nint query)
    {
        nint offset = (batch * _arguments.OutputBatchStride) + (query * _arguments.OutputSequenceStride) + (head * _arguments.OutputHeadStride);
        if (!_shape.IsFew)
        {
            // The next position's place, some rows before it is written: those of a head are far apart.
            Prefetch.ToFirstLevel(AttentionNarrow.At(_arguments.Output, offset + _arguments.OutputSequenceStride, _arguments.Element), _arguments.ValueHeadSize * (_shape.IsNarrow ? sizeof(ushort) : sizeof(float)));
        }

        return AttentionNarrow.At(_arguments.Output, offset, _arguments.Element);
    }

    // Narrow results are made where the sums stand, whose place is not needed any more.
    private float* Target(float* source, void* output) => _shape.IsNarrow ? source : (float*)output;

    private void Narrow(float* target, void* output)
    {
        if (_shape.IsNarrow)
        {
            AttentionNarrow.Narrow<V>(target, _arguments.ValueHeadSize, output, _arguments.Element);
        }
    }

    private bool IsPadding(nint batch, nint query)
    {
        nint step = query - (_arguments.FirstQueries == null ? 0 : _arguments.FirstQueries[batch]);
        return step < 0 || step >= (_arguments.QueryCounts == null ? _arguments.QueryLength : _arguments.QueryCounts[batch]);
    }

    private void AddScaled(float* output, float* source, float factor)
    {
        V factors = V.Broadcast(factor);
        for (nint element = 0; element < _shape.PaddedValue; element += V.Count)
        {
            V.Store(V.MultiplyAdd(V.Load(source + element), factors, V.Load(output + element)), output + element);
        }
    }

    // What exponentials relative to a maximum are to be multiplied with.
    private float Factor(nint head, float maximum, float sum)
    {
        float before = maximum;
        AddSink(head, ref maximum, ref sum);
        return _arguments.Sinks == null ? 1 / sum : AttentionSoftmax.Exponential(before - maximum) / sum;
    }

    private void StoreScaled(float* source, float* target, float factor)
    {
        V factors = V.Broadcast(factor);
        nint element = 0;
        for (; element + V.Count <= _arguments.ValueHeadSize; element += V.Count)
        {
            V.Store(V.Load(source + element) * factors, target + element);
        }

        if (element < _arguments.ValueHeadSize)
        {
            V.StorePartial(V.Load(source + element) * factors, target + element, _arguments.ValueHeadSize - element);
        }
    }

    private void StoreUnseen(nint batch, nint keyHead, float* target, FullyMaskedRows kind)
    {
        nint size = _arguments.ValueHeadSize;
        new Span<float>(target, (int)size).Fill(kind == FullyMaskedRows.NaN ? float.NaN : 0);
        if (kind != FullyMaskedRows.Uniform)
        {
            return;
        }

        nint keys = _arguments.KeyLength > 0 || _arguments.KeyLengths == null ? _arguments.KeyLength : _arguments.KeyLengths[batch];
        for (nint key = 0; key < keys; key++)
        {
            nint offset = (batch * _arguments.ValueBatchStride) + (keyHead * _arguments.ValueHeadStride) + (key * _arguments.ValueSequenceStride);
            float* value = (float*)AttentionNarrow.At(_arguments.Value, offset, _arguments.Element);
            if (_shape.IsNarrow)
            {
                AttentionNarrow.Widen<V>(value, _arguments.Element, 0, 1, size, _valueTile, size);
                value = _valueTile;
            }

            for (nint element = 0; element < size; element++)
            {
                target[element] += value[element];
            }
        }

        for (nint element = 0; element < size; element++)
        {
            target[element] /= keys;
        }
    }
}
