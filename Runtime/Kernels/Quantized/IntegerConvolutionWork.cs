using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cameo.Threading;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>
/// An integer convolution cut into items, tiles of pixels × groups of channel panels: the patches of a tile are laid out as words of four elements of the reduction with pixels as lanes, then
/// multiplied with rows of weights.
/// </summary>
internal unsafe struct IntegerConvolutionWork<TInput, TOutput, TEpilogue> : IItemWork
    where TInput : unmanaged
    where TOutput : unmanaged
    where TEpilogue : struct, IChannelEpilogue
{
    public Workers Workers;
    public TInput* Input;
    public int ZeroPoint;
    public uint* Words;
    public int* Sums;
    public sbyte* ZeroPoints;
    public TOutput* Output;
    public TEpilogue Epilogue;

    private const int PanelChannels = IntegerConvolution.PanelChannels;

    /// <summary>Pixels of a strip of patches.</summary>
    private const int StripPixels = IntegerPatches.StripPixels;

    // Patches of a tile should stay in the second-level cache beside a panel of weights; more pixels spread the cost of widening the weights.
    private const nint PatchBytes = 128 * 1024;
    private const nint MostStrips = 8;

    // With several items a thread, one that is held up leaves its share to the others.
    private const int ItemsPerThread = 4;

    private ConvolutionShape _shape;
    private nint _strips;
    private nint _tiles;
    private nint _panelsPerItem;
    private nint _splits;

    private readonly nint Groups => (_shape.ReductionLength + 3) / 4;

    public void Run(in ConvolutionShape shape)
    {
        _shape = shape;
        nint strips = (shape.OutputPlane + StripPixels - 1) / StripPixels;
        _strips = Math.Clamp(PatchBytes / (Groups * StripPixels * sizeof(uint)), 1, Math.Min(MostStrips, strips));
        _tiles = (strips + _strips - 1) / _strips;
        double work = (double)shape.Batch * shape.OutputChannels * shape.OutputPlane * shape.ReductionLength;
        int parts = Convolution.Parts(Workers, work, long.MaxValue);
        nint tiles = shape.Batch * shape.Groups * _tiles;
        nint wanted = parts == 1 ? 1 : (parts * ItemsPerThread + tiles - 1) / tiles;
        _panelsPerItem = (shape.GroupPanels + Math.Min(wanted, shape.GroupPanels) - 1) / Math.Min(wanted, shape.GroupPanels);
        _splits = (shape.GroupPanels + _panelsPerItem - 1) / _panelsPerItem;
        Workers.RunItems(this, shape.Batch * shape.Groups * _tiles * _splits, parts);
    }

    public static bool PrefersNarrowVectors => ByteDot.PrefersNarrowVectors;

    public void Run<V>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
    {
        if (ByteProduct.IsSupported)
        {
            Run<V, ByteProduct>(part, ref items);
        }
        else
        {
            Run<V, ShortProduct>(part, ref items);
        }
    }

    private void Run<V, TProduct>(int part, ref ItemQueue items)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        nint pixels = _strips * StripPixels;
        nint leftInts = Groups * PanelChannels * TProduct.LeftInts;
        nint patchInts = Groups * pixels;
        var scratch = (int*)Workers.Scratch(part, (nuint)((leftInts + patchInts + ((PanelChannels + 1) * pixels)) * sizeof(int)));
        int* patches = scratch;
        int* left = patches + patchInts;
        int* pixelSums = left + leftInts;
        int* sums = pixelSums + pixels;
        nint made = -1;
        while (items.TryTake(part, out nint item))
        {
            (nint tile, nint split) = Math.DivRem(item, _splits);
            (nint plane, nint position) = Math.DivRem(tile, _tiles);
            nint first = position * pixels;
            nint count = Math.Min(pixels, _shape.OutputPlane - first);
            if (tile != made)
            {
                made = tile;
                IntegerPatches.Make<V, TInput>(_shape, Input + (plane * _shape.GroupInputs * _shape.InputPlane), first, count, ZeroPoint, (uint*)patches);
                if (ZeroPoints != null || RowOffset<TProduct>() != 0)
                {
                    IntegerPatches.Sum<V>((uint*)patches, Groups, count, pixelSums);
                }
            }

            nint end = Math.Min((split + 1) * _panelsPerItem, _shape.GroupPanels);
            for (nint panel = split * _panelsPerItem; panel < end; panel++)
            {
                nint group = plane % _shape.Groups;
                uint* words = Words + (((group * _shape.GroupPanels) + panel) * Groups * PanelChannels);
                PackRows<TProduct>(words, Groups * PanelChannels, left);
                MultiplyPanel<V, TProduct>(left, (uint*)patches, pixelSums, sums, plane, panel, first, count);
            }
        }
    }

    private void MultiplyPanel<V, TProduct>(int* left, uint* patches, int* pixelSums, int* sums, nint plane, nint panel, nint first, nint count)
        where V : struct, IVector<V>
        where TProduct : struct, IWordProduct
    {
        nint pixels = _strips * StripPixels;
        nint channels = Math.Min(PanelChannels, _shape.GroupOutputs - (panel * PanelChannels));
        for (nint strip = 0; strip < count; strip += StripPixels)
        {
            for (nint row = 0; row < channels;)
            {
                int rows = IntegerTile.RowsFor<V>(channels - row);
                for (nint pixel = strip; pixel < Math.Min(strip + StripPixels, count); pixel += 2 * V.Count)
                {
                    IntegerTile.Multiply<V, TProduct>(
                        rows,
                        left + (row * TProduct.LeftInts),
                        PanelChannels * TProduct.LeftInts,
                        patches + (strip * Groups) + (pixel - strip),
                        StripPixels,
                        Groups,
                        sums + (row * pixels) + pixel,
                        pixels);
                }

                row += rows;
            }
        }

        nint group = plane % _shape.Groups;
        nint firstChannel = (group * _shape.GroupOutputs) + (panel * PanelChannels);
        for (nint row = 0; row < channels; row++)
        {
            nint channel = firstChannel + row;
            int weightSum = Sums[(((group * _shape.GroupPanels) + panel) * PanelChannels) + row];
            Correct<V>(sums + (row * pixels), pixelSums, count, channel, weightSum, RowOffset<TProduct>());
            nint image = plane / _shape.Groups;
            nint offset = (((image * _shape.OutputChannels) + channel) * _shape.OutputPlane) + first;
            IntegerResults.StoreChannel<V, TEpilogue, TOutput>(sums + (row * pixels), count, Output, ref Epilogue, channel, offset);
        }
    }

    /// <summary>
    /// With x' the stored input, z' its zero point, w + o the stored weight and v its zero point: Σ (x' − z')(w − v) = Σ x'(w + o) − (o + v) Σ x' − z' Σ w + K z' v.
    /// </summary>
    private readonly void Correct<V>(int* sums, int* pixelSums, nint count, nint channel, int weightSum, int rowOffset)
        where V : struct, IVector<V>
    {
        int inputZero = ZeroPoint - IntegerPatches.Shift<TInput>();
        int weightZero = ZeroPoints == null ? 0 : ZeroPoints[channel];
        int constant = unchecked((inputZero * weightZero * (int)_shape.ReductionLength) - (inputZero * weightSum));
        int factor = rowOffset + weightZero;
        for (nint pixel = 0; pixel < count; pixel += V.Count)
        {
            V sum = V.AddBits(V.Load((float*)sums + pixel), V.BroadcastBits(constant));
            if (factor != 0)
            {
                sum = V.SubtractBits(sum, LaneIntegers.Multiply(V.Load((float*)pixelSums + pixel), V.BroadcastBits(factor)));
            }

            V.Store(sum, (float*)sums + pixel);
        }
    }

    /// <summary>What rows of weights are stored plus: the x64 instruction takes rows of unsigned bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int RowOffset<TProduct>()
        where TProduct : struct, IWordProduct => TProduct.LeftInts == 1 ? 128 - ByteProduct.Offset : 0;

    /// <summary>Turns words of weights into what <see cref="IntegerTile"/> takes as rows.</summary>
    private static void PackRows<TProduct>(uint* words, nint count, int* left)
        where TProduct : struct, IWordProduct
    {
        if (TProduct.LeftInts == 1)
        {
            uint flip = RowOffset<TProduct>() == 0 ? 0 : 0x80808080;
            for (nint index = 0; index < count; index++)
            {
                left[index] = (int)(words[index] ^ flip);
            }

            return;
        }

        if (!Vector128.IsHardwareAccelerated)
        {
            for (nint index = 0; index < count; index++)
            {
                ScalarFloat word = LaneBits.From<ScalarFloat>((int)words[index]);
                left[2 * index] = LaneBits.ToScalar(ShortDot.EvenBytes(word));
                left[(2 * index) + 1] = LaneBits.ToScalar(ShortDot.OddBytes(word));
            }

            return;
        }

        // Panels are sixteen words wide.
        for (nint index = 0; index < count; index += 4)
        {
            Vector128<short> four = Vector128.Load((short*)(words + index));
            Vector128<uint> even = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(four, 8), 8).AsUInt32();
            Vector128<uint> odd = Vector128.ShiftRightArithmetic(four, 8).AsUInt32();
            (Vector128.WidenLower(even) | Vector128.ShiftLeft(Vector128.WidenLower(odd), 32)).Store((ulong*)(left + (2 * index)));
            (Vector128.WidenUpper(even) | Vector128.ShiftLeft(Vector128.WidenUpper(odd), 32)).Store((ulong*)(left + (2 * index) + 4));
        }
    }
}
