using System.Runtime.CompilerServices;
using Cameo.Vectors;

namespace Cameo.Kernels;

/// <summary>One tile: which output positions it covers, and the copying of the input they need.</summary>
internal readonly unsafe struct ConvolutionTile
{
    public readonly nint Image;
    public readonly int Group;

    /// <summary>Coordinate along the depth axis of the output.</summary>
    public readonly int Slice;
    public readonly int FirstRow;
    public readonly int Rows;
    public readonly int FirstColumn;
    public readonly int Columns;

    /// <summary>Tile number <paramref name="index"/> of <see cref="ConvolutionGeometry.TileCount"/>.</summary>
    public ConvolutionTile(in ConvolutionGeometry geometry, in ConvolutionShape shape, long index)
    {
        (index, long tileWide) = Math.DivRem(index, geometry.TilesWide);
        (index, long tileHigh) = Math.DivRem(index, geometry.TilesHigh);
        (index, long slice) = Math.DivRem(index, shape.Depth.Output);
        (index, long group) = Math.DivRem(index, shape.Groups);
        Image = (nint)index;
        Group = (int)group;
        Slice = (int)slice;
        FirstRow = (int)tileHigh * geometry.Rows;
        Rows = Math.Min(geometry.Rows, geometry.Height.Positions - FirstRow);
        FirstColumn = (int)tileWide * geometry.Columns;
        Columns = Math.Min(geometry.Columns, geometry.Width.Positions - FirstColumn);
    }

    /// <summary>Numbers of positions to compute, dropped ones included.</summary>
    public int Positions(in ConvolutionGeometry geometry) => ((Rows - 1) * geometry.Pitch) + Columns;

    /// <summary>Copies what this tile reads of all its input channels.</summary>
    /// <param name="geometry">Layout of the tile.</param>
    /// <param name="input">First channel of the group in one image.</param>
    /// <param name="depth">Input size along the depth axis.</param>
    /// <param name="firstSlice">Depth coordinate of slice 0; may lie in the padding.</param>
    /// <param name="tile">Receives the entries.</param>
    public void Pack<V>(in ConvolutionGeometry geometry, float* input, int depth, int firstSlice, float* tile)
        where V : struct, IVector<V>
    {
        nint sliceElements = (nint)geometry.Height.Input * geometry.Width.Input;
        for (int channel = 0; channel < geometry.Channels; channel++)
        {
            for (int slice = 0; slice < geometry.Slices; slice++)
            {
                int z = firstSlice + (slice * geometry.SliceStep);
                float* source = (uint)z < (uint)depth ? input + (((nint)channel * depth) + z) * sliceElements : null;
                for (int phaseHigh = 0; phaseHigh < geometry.Height.Phases; phaseHigh++)
                {
                    for (int phaseWide = 0; phaseWide < geometry.Width.Phases; phaseWide++)
                    {
                        PackPlane<V>(
                            geometry,
                            source,
                            phaseHigh,
                            phaseWide,
                            tile + (channel * geometry.ChannelSize) + (geometry.PlaneOffset(slice, phaseHigh, phaseWide) * geometry.PlaneSize));
                    }
                }
            }
        }
    }

    private void PackPlane<V>(in ConvolutionGeometry geometry, float* source, int phaseHigh, int phaseWide, float* plane)
        where V : struct, IVector<V>
    {
        ConvolutionAxis height = geometry.Height;
        ConvolutionAxis width = geometry.Width;
        int pitch = geometry.Pitch;
        int step = width.Step;
        int firstX = (FirstColumn * step) + width.PhaseOffset(phaseWide) + width.Origin;
        int leading = Math.Min(width.EntriesBefore(0, firstX), pitch);
        int count = Math.Clamp(width.EntriesBefore(width.Input, firstX) - leading, 0, pitch - leading);
        int y = (FirstRow * height.Step) + height.PhaseOffset(phaseHigh) + height.Origin;
        for (int row = 0; row < Rows + height.Extent; row++, y += height.Step, plane += pitch)
        {
            if (source == null || (uint)y >= (uint)height.Input || count == 0)
            {
                new Span<float>(plane, pitch).Clear();
                continue;
            }

            Fill(plane, leading);
            float* first = source + ((nint)y * width.Input) + firstX + ((nint)leading * step);
            StridedRow.Copy<V>(first, step, plane + leading, count);
            Fill(plane + leading + count, pitch - leading - count);
        }

        Fill(plane, geometry.Overlap);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fill(float* destination, int count)
    {
        for (int index = 0; index < count; index++)
        {
            destination[index] = 0;
        }
    }
}
