using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <content>What becomes of scores: weights relative to the largest score so far, or modified probabilities.</content>
internal unsafe partial struct AttentionBlock<V, TScore, TProbability>
{
    // Turns scores of some rows into weights; false if there are none.
    private readonly bool Weigh(nint row, nint rows, float* scores, nint key, nint count)
    {
        if (!IsModified || _isMeasuring)
        {
            return Accumulate(row, rows, scores, key, count) && !IsMeasuring;
        }

        bool isAnyWeighed = false;
        for (nint index = 0; index < rows; index++)
        {
            isAnyWeighed |= MakeProbabilities(row + index, scores + (index * AttentionTile.LeftStride), key, count);
        }

        return isAnyWeighed;
    }

    // Turns scores of some rows into weights relative to the largest score so far; false if no row sees anything here. First the largest of all
    // rows, which do not wait for each other, then the exponentials.
    private readonly bool Accumulate(nint row, nint rows, float* scores, nint key, nint count)
    {
        float* lanes = stackalloc float[AttentionTile.MaximumRows * Vector512Float.Count];
        float* largest = stackalloc float[AttentionTile.MaximumRows];
        for (nint index = 0; index < rows; index++)
        {
            V.Store(Exclude(row + index, scores + (index * AttentionTile.LeftStride), key, count), lanes + (index * V.Count));
        }

        for (nint index = 0; index < rows; index += 4)
        {
            // The lanes of rows that do not exist are never looked at.
            float* first = lanes + (index * V.Count);
            LaneReduction.Maxima(V.Load(first), V.Load(first + V.Count), V.Load(first + (2 * V.Count)), V.Load(first + (3 * V.Count)), largest + index);
        }

        bool isAnySeen = false;
        for (nint index = 0; index < rows; index++)
        {
            isAnySeen |= Exponentiate(row + index, scores + (index * AttentionTile.LeftStride), key, count, largest[index]);
            if (IsModified && _kept != null)
            {
                *KeptMaximum(row + index, key) = _maxima[row + index];
            }
        }

        return isAnySeen;
    }

    // Modifies a row's scores and returns the largest, lane by lane. Keys that the row doesn't see get the score -∞ or, in a vector without any other, the weight 0.
    private readonly V Exclude(nint row, float* scores, nint key, nint count)
    {
        (nint begin, nint end) = Visible(row, key, count);
        nint padded = RoundUp(count);
        if (begin >= end)
        {
            new Span<float>(scores, (int)padded).Clear();
            return V.Broadcast(float.NegativeInfinity);
        }

        nint first = begin / V.Count * V.Count;
        nint past = RoundUp(end);
        if (typeof(TScore) != typeof(NoScoreModifier) || _arguments.SoftCap != 0)
        {
            Modify(_modifier, row, scores, key, first, end);
        }

        if (begin != 0)
        {
            new Span<float>(scores, (int)first).Clear();
            new Span<float>(scores + first, (int)(begin - first)).Fill(float.NegativeInfinity);
        }

        if (end != padded)
        {
            new Span<float>(scores + end, (int)(past - end)).Fill(float.NegativeInfinity);
            new Span<float>(scores + past, (int)(padded - past)).Clear();
        }

        return AttentionSoftmax.Largest<V>(scores + first, past - first);
    }

    private readonly bool Exponentiate(nint row, float* scores, nint key, nint count, float largest)
    {
        (nint begin, nint end) = Visible(row, key, count);
        if (begin >= end)
        {
            return false;
        }

        nint first = begin / V.Count * V.Count;
        nint past = RoundUp(end);
        if (largest == float.NegativeInfinity)
        {
            // Nothing is seen, unless a NaN was passed over.
            largest = AttentionSoftmax.LargestOrNaN<V>(scores + first, past - first);
            if (largest == float.NegativeInfinity)
            {
                new Span<float>(scores + first, (int)(past - first)).Clear();
                return false;
            }
        }

        float* sums = _sums + (row * V.Count);
        float before = _maxima[row];
        float maximum = largest <= before || float.IsNaN(before) ? before : largest;
        if (maximum != before)
        {
            _maxima[row] = maximum;
            if (before != float.NegativeInfinity)
            {
                float decay = AttentionSoftmax.Exponential(before - maximum);
                AttentionSoftmax.Scale<V>(sums, V.Count, decay);
                if (!IsMeasuring)
                {
                    AttentionSoftmax.Scale<V>(_outputs + (row * _shape.PaddedValue), _shape.PaddedValue, decay);
                }
            }
        }

        AttentionSoftmax.Exponentiate<V>(scores + first, past - first, maximum, sums);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly (nint Begin, nint End) Visible(nint row, nint key, nint count) => (Math.Max(_firstKeys[row] - key, 0), Math.Min(_endKeys[row] - key, count));

    // The rows' last maxima and sums, of which the reciprocals stand in their place from here on, and the keys that they weigh: a row that sees none gives all the same probability.
    private readonly void Settle()
    {
        nint member = _begin % _shape.Group;
        for (nint row = 0; row < _rows; row++)
        {
            float sum = Sum(row);
            _results.AddSink((_keyHead * _shape.Group) + member, ref _maxima[row], ref sum);
            _sums[row * V.Count] = 1 / sum;
            if (!(sum > 0) && _endKeys[row] != PaddingEnd)
            {
                _firstKeys[row] = (int)_keyBegin;
                _endKeys[row] = (int)_keyEnd;
            }

            member = member + 1 == _shape.Group ? 0 : member + 1;
        }
    }

    // Turns a row's scores into modified probabilities; false if they are all 0.
    private readonly bool MakeProbabilities(nint row, float* scores, nint key, nint count)
    {
        (nint begin, nint end) = Visible(row, key, count);
        float factor = _sums[row * V.Count];
        if (begin >= end)
        {
            (begin, end) = (0, 0);
        }
        else if (!(factor < float.PositiveInfinity))
        {
            // No key is seen, or a score is no number.
            float probability = float.IsNaN(factor) || _arguments.FullyMasked == FullyMaskedRows.NaN ? float.NaN : _arguments.FullyMasked == FullyMaskedRows.Zero ? 0 : 1f / Keys;
            new Span<float>(scores + begin, (int)(end - begin)).Fill(probability);
        }
        else
        {
            nint first = begin / V.Count * V.Count;
            nint past = RoundUp(end);
            if (IsReading)
            {
                // Exponentials already, relative to the largest score of their time.
                float maximum = *KeptMaximum(row, key);
                factor = maximum == _maxima[row] ? factor : AttentionSoftmax.Exponential(maximum - _maxima[row]) * factor;
                AttentionSoftmax.Scale<V>(scores + first, past - first, factor);
            }
            else
            {
                Exclude(row, scores, key, count);
                AttentionSoftmax.Normalize<V>(scores + first, past - first, _maxima[row], factor);
            }
        }

        if (_arguments.WeighsUnseen && _endKeys[row] != PaddingEnd)
        {
            ClearAround(scores, begin, end, count);
            (begin, end) = (0, count);
        }

        if (begin < end)
        {
            Modify(_probabilityModifier, row, scores, key, begin / V.Count * V.Count, end);
        }

        ClearAround(scores, begin, end, count);
        return begin < end;
    }

    private readonly float* KeptMaximum(nint row, nint key) => _keptMaxima + ((key - _keyBegin) / _shape.TileKeys * _shape.RowStride) + row;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ClearAround(float* scores, nint begin, nint end, nint count)
    {
        new Span<float>(scores, (int)begin).Clear();
        new Span<float>(scores + end, (int)(RoundUp(count) - end)).Clear();
    }

    private readonly void Modify<TModifier>(TModifier modifier, nint row, float* scores, nint key, nint begin, nint end)
        where TModifier : struct, IScoreModifier
    {
        (nint query, nint member) = Math.DivRem(_begin + row, _shape.Group);
        nint head = (_keyHead * _shape.Group) + member;

        // Lanes past the end are overwritten afterwards, but the modifier may read for them, which only keys that exist allow.
        nint existing = Keys - key;
        nint index = begin;
        for (; index < end && index + V.Count <= existing; index += V.Count)
        {
            V.Store(modifier.Apply(V.Load(scores + index), _batch, head, query, key + index), scores + index);
        }

        for (; index < end; index++)
        {
            scores[index] = modifier.Apply(new ScalarFloat(scores[index]), _batch, head, query, key + index).Value;
        }
    }
}
