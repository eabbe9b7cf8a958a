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
        nint offset = (batch * _arguments.OutputBatchStride) + (query * _arguments.OutputSequenceStride) + (head * _arguments.OutputHeadStride);
        void* output = AttentionNarrow.At(_arguments.Output, offset, _arguments.Element);

        if (!_shape.IsFew)
        {
            // The next position's place, some rows before it is written: those of a head are far apart.
            Prefetch.ToFirstLevel(AttentionNarrow.At(_arguments.Output, offset + _arguments.OutputSequenceStride, _arguments.Element), _arguments.ValueHeadSize * (_shape.IsNarrow ? sizeof(ushort) : sizeof(float)));
        }

        // Narrow results are made where the sums stand, whose place is not needed any more.
        float* target = _shape.IsNarrow ? source : (float*)output;
        if (sum == 0)
        {
            bool isZero = _arguments.Sinks != null || IsPadding(batch, query);
            StoreUnseen(batch, keyHead, target, isZero ? FullyMaskedRows.Zero : _arguments.FullyMasked);
        }
        else
        {
            StoreSeen(head, source, target, maximum, sum);
        }

        if (_shape.IsNarrow)
        {
            AttentionNarrow.Narrow<V>(target, _arguments.ValueHeadSize, output, _arguments.Element);
        }
    }

    /// <summary>Adds up the partial results [chunks, rows] of all rows of a key head, chunk after chunk, and writes the output.</summary>
    public void Combine(nint batch, nint keyHead, float* partials, nint chunks, float* output)
    {
        nint chunkStride = _shape.Rows * _shape.PartialStride;
        for (nint row = 0; row < _shape.Rows; row++)
        {
            float* partial = partials + (row * _shape.PartialStride);
            float maximum = float.NegativeInfinity;
            for (nint chunk = 0; chunk < chunks; chunk++)
            {
                maximum = MathF.Max(maximum, partial[chunk * chunkStride]);
            }

            new Span<float>(output, (int)_shape.PaddedValue).Clear();
            float sum = 0;
            for (nint chunk = 0; chunk < chunks && maximum != float.NegativeInfinity; chunk++)
            {
                float* source = partial + (chunk * chunkStride);
                float weight = AttentionSoftmax.Exponential(source[0] - maximum);
                sum += source[1] * weight;
                AddScaled(output, source + AttentionShape.PartialHeader, weight);
            }

            (nint query, nint member) = Math.DivRem(row, _shape.Group);
            Store(batch, keyHead, query, member, output, maximum, sum);
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

    private void StoreSeen(nint head, float* source, float* target, float maximum, float sum)
    {
        float factor = 1;
        if (_arguments.Sinks != null)
        {
            // The sink joins the sum as one more score would.
            float sink = _arguments.Sinks[head];
            float largest = MathF.Max(maximum, sink);
            factor = AttentionSoftmax.Exponential(maximum - largest);
            sum = (sum * factor) + AttentionSoftmax.Exponential(sink - largest);
        }

        V factors = V.Broadcast(factor / sum);
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
